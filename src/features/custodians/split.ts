// What the register knows of the newest security-domain file: the sealed record `custodians-domain`. It names the file by
// its hash and holds what a custodian's proof is checked with; the file itself is not kept.
import { createHash } from 'node:crypto';
import { integer, list, matching, type Reader, record, text } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';

export interface Split {
  readonly at: string;
  /** What brought the file into the HSM's knowledge. */
  readonly by: 'download' | 'recovery' | 'resharing';
  readonly required: number;
  /** x5t#S256, in order of the shares. */
  readonly thumbprints: readonly string[];
  /** SHA-256 of the file's text; absent: the HSM has not seen the file as it is kept. */
  readonly domain?: string;
  /** SHA-256 of each share's proof, in order of the shares. */
  readonly proofHashes?: readonly string[];
}

export const SPLIT_RECORD = 'custodians-domain';

/** As packets name a file. */
export function digestOf(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('base64url');
}

export function encodeSplit(split: Split): Buffer {
  return Buffer.from(JSON.stringify(split), 'utf8');
}

/** @throws StoreError Damaged */
export function decodeSplit(value: Uint8Array): Split {
  try {
    return shape(JSON.parse(Buffer.from(value).toString('utf8')), SPLIT_RECORD);
  } catch (cause) {
    throw new StoreError('Damaged', 'the record of the newest security domain does not read', { cause });
  }
}

const hash = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');
const by: Reader<Split['by']> = (value, path) =>
  matching(/^(download|recovery|resharing)$/, 'how the file came')(value, path) as Split['by'];
const shape = record(
  { at: text, by, required: integer(2, 10), thumbprints: list(hash, 10) },
  { domain: hash, proofHashes: list(hash, 10) },
) as Reader<Split>;
