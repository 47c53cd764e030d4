// The manifest of a full backup: what it is, of which instance and moment, and every part with its size and hash. It is
// one JSON document, signed as a statement of the security domain; what it does not list does not belong to the backup.

import { integer, list, matching, record, ShapeError, text } from '../../formats/shape.ts';
import { BackupError } from './backup-error.ts';

export const MANIFEST = 'manifest.json';
export const STATEMENT = 'manifest.note';
export const FORMAT = 'strongroom full backup 1';

export interface Part {
  readonly name: string;
  readonly bytes: number;
  /** base64url. */
  readonly sha256: string;
}

export interface Manifest {
  readonly format: typeof FORMAT;
  /** The folder's own name: a backup answers to no other. */
  readonly folder: string;
  readonly instance: { readonly id: string; readonly name: string };
  /** `domainFingerprint`. */
  readonly domain: string;
  /** Raw key of that fingerprint, base64url: whoever knows only the fingerprint can check the statement with it. */
  readonly domainKey: string;
  /** ISO times, of the instance's clock. */
  readonly started: string;
  readonly finished: string;
  /** Of the store: what the backup is of. */
  readonly head: { readonly sequence: number; readonly hash: string };
  readonly counts: { readonly keys: number; readonly versions: number; readonly records: number };
  /** In the order in which they were written; keys are ascending by name over all of them. */
  readonly parts: readonly Part[];
}

export const KEY_PART: RegExp = /^keys-\d{5,}$/;
export const RECORD_PART: RegExp = /^records-\d{5,}$/;

/** No part is longer, sealed. */
export const MAX_PART = 4 * 1024 * 1024;
/** Longer ones are neither signed nor read; it is enough for some twenty thousand parts. */
export const MAX_MANIFEST = 4 * 1024 * 1024 - 4096;

const HASH = /^[A-Za-z0-9_-]{43}$/;
const count = integer(0, Number.MAX_SAFE_INTEGER);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'an ISO time');
const shape = record({
  format: text,
  folder: matching(/^[A-Za-z0-9._-]{1,200}$/, 'the name of a folder'),
  instance: record({ id: text, name: text }),
  domain: matching(/^[0-9a-f]{64}$/, 'a fingerprint'),
  domainKey: matching(HASH, 'an Ed25519 key in base64url'),
  started: time,
  finished: time,
  head: record({ sequence: count, hash: text }),
  counts: record({ keys: count, versions: count, records: count }),
  parts: list(
    record({
      name: matching(/^(keys|records)-\d{5,}$/, 'the name of a part'),
      bytes: integer(1, MAX_PART),
      sha256: matching(HASH, 'a SHA-256 in base64url'),
    }),
    1_000_000,
  ),
});

export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`, 'utf8');
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
    const manifest = shape(stored, 'manifest') as Manifest;
    if (new Set(manifest.parts.map(({ name }) => name)).size !== manifest.parts.length) {
      throw new ShapeError('manifest.parts names a part twice');
    }
    return manifest;
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw new BackupError('UnknownFormat', `${MANIFEST} is signed, but does not read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
