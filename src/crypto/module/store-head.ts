// The record named `head`, which says what a store's records add up to. It has a message of its own because its sequence
// is what rollbacks are judged by: it grows by one from a head that this module sealed, so nobody can leap ahead to a
// sequence that no store ever reaches, which would make every true store look rolled back for ever.
import { fromBase64url } from '../../formats/base64url.ts';
import { CryptoError } from '../protocol/messages.ts';
import { openRecord, recordKey, sealNamed } from './records.ts';
import type { Provisioned } from './state-file.ts';

/** No other record can be sealed under this name. */
export const HEAD_RECORD = 'head';

export interface HeadText {
  readonly revision: number;
  /** base64url of 32 bytes. */
  readonly hash: string;
  readonly records: number;
  /** The sealed head of the revision before; empty for the first. */
  readonly previous: Uint8Array;
}

/** @throws CryptoError BadRequest, or RecordRefused when `previous` is not the head before this one */
export function sealHead(
  state: Provisioned,
  { revision, hash, records, previous }: HeadText,
): { key: Buffer; sealed: Buffer } {
  if (revision < 1) throw new CryptoError('BadRequest', 'revision: heads begin with 1');
  if (!isHash(hash)) throw new CryptoError('BadRequest', 'hash: is not 32 bytes in base64url');
  if (revision > 1) {
    const key = recordKey(state, Buffer.from(HEAD_RECORD, 'utf8'));
    readStoreHead(state, revision - 1, key, previous);
  } else if (previous.length > 0) {
    throw new CryptoError('BadRequest', 'previous: nothing comes before the first head');
  }
  return sealNamed(state, HEAD_RECORD, revision, Buffer.from(JSON.stringify({ sequence: revision, hash, records })));
}

/** The sequence of a head that this module sealed. @throws CryptoError RecordRefused */
export function readStoreHead(state: Provisioned, revision: number, key: Uint8Array, sealed: Uint8Array): number {
  const { name, value } = openRecord(state, key, revision, sealed);
  const sequence = name === HEAD_RECORD ? sequenceOf(value) : undefined;
  if (sequence === undefined || sequence !== revision) {
    throw new CryptoError('RecordRefused', 'the record is not a store head');
  }
  return sequence;
}

function sequenceOf(value: Buffer): number | undefined {
  try {
    const { sequence, hash } = JSON.parse(value.toString('utf8')) as { sequence: unknown; hash: unknown };
    return typeof sequence === 'number' && isHash(hash) ? sequence : undefined;
  } catch {
    // Not JSON: no head.
    return undefined;
  }
}

function isHash(hash: unknown): hash is string {
  try {
    return typeof hash === 'string' && fromBase64url(hash).length === 32;
  } catch {
    // Not base64url.
    return false;
  }
}
