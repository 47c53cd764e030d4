// The manifest of a full backup: what it is, of which instance and moment, and every part with its size and hash. It is
// one JSON document, signed as a statement of the security domain; what it does not list does not belong to the backup.

import { integer, list, matching, oneOf, record, ShapeError, text } from '../../formats/shape.ts';
import { BackupError } from './backup-error.ts';

export const MANIFEST = 'manifest.json';
export const STATEMENT = 'manifest.note';
export const FORMAT = 'strongroom full backup 1';

export const KEY_PART: RegExp = /^keys-\d{5,}$/;

/** No part is longer, sealed. */
export const MAX_PART = 4 * 1024 * 1024;
/** Longer ones are neither signed nor read; it is enough for some twenty thousand parts. */
export const MAX_MANIFEST = 4 * 1024 * 1024 - 4096;

const HASH = /^[A-Za-z0-9_-]{43}$/;
const count = integer(0, Number.MAX_SAFE_INTEGER);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'an ISO time');
const part = record({
  name: matching(/^(keys|records)-\d{5,}$/, 'the name of a part'),
  bytes: integer(1, MAX_PART),
  sha256: matching(HASH, 'a SHA-256 in base64url'),
});
const manifest = record({
  format: oneOf(FORMAT),
  /** The folder's own name: a backup answers to no other. */
  folder: matching(/^[A-Za-z0-9._-]{1,200}$/, 'the name of a folder'),
  instance: record({ id: text, name: text }),
  /** `domainFingerprint`. */
  domain: matching(/^[0-9a-f]{64}$/, 'a fingerprint'),
  /** Raw key of that fingerprint: whoever knows only the fingerprint can check the statement with it. */
  domainKey: matching(HASH, 'an Ed25519 key in base64url'),
  /** Of the instance's clock. */
  started: time,
  finished: time,
  /** Of the store: what the backup is of. */
  head: record({ sequence: count, hash: text }),
  counts: record({ keys: count, versions: count, records: count }),
  /** In the order in which they were written; keys are ascending by name over all of them. */
  parts: list(part, 1_000_000),
});
export type Part = ReturnType<typeof part>;
export type Manifest = ReturnType<typeof manifest>;

export function encodeManifest(made: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(made, undefined, 1)}\n`, 'utf8');
}

/** Bytes whose signature was verified. @throws BackupError UnknownFormat */
export function decodeManifest(bytes: Uint8Array): Manifest {
  try {
    const stored: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const format = (stored as { readonly format?: unknown } | null)?.format;
    if (format !== FORMAT) {
      throw new BackupError(
        'UnknownFormat',
        `${MANIFEST}: the backup's format is ${JSON.stringify(format)?.slice(0, 80)}, this release reads '${FORMAT}': restore it with the release that made it`,
      );
    }
    const read = manifest(stored, 'manifest');
    if (new Set(read.parts.map(({ name }) => name)).size !== read.parts.length) {
      throw new ShapeError('manifest.parts names a part twice');
    }
    return read;
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw new BackupError('UnknownFormat', `${MANIFEST} is signed, but does not read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
