// The record named `head`, which says what a store's records add up to. It has a message of its own because its sequence
// is what rollbacks are judged by: it grows by one from a head that this module sealed, so nobody can leap ahead to a
// sequence that no store ever reaches, which would make every true store look rolled back for ever. It names the module's
// own state too, and how long a log the module has signed: so a store tells when older files were put back into the module's
// folder, or into the log's.

import { badRequest, CryptoError, type RequestOf } from '../crypto/protocol/messages.ts';
import { isSha256 } from '../formats/base64url.ts';
import { openRecord, recordKey, sealNamed } from './records.ts';
import type { Provisioned } from './sealed-state.ts';
import { type NamedState, NO_STATE } from './state-rollback.ts';

/** No other record can be sealed under this name. */
export const HEAD_RECORD = 'head';

export type HeadText = RequestOf<'sealHead'>;

export interface StoreHead {
  readonly sequence: number;
  /** Of what is in the store; '': not known. */
  readonly hash: string;
  readonly state: NamedState;
  /** Entries of the newest log that was signed before it. */
  readonly log: number;
}

/**
 * @param signedLog entries of the newest log that this partition knows to be signed; the head before may know of a newer one
 * @param judgeState is told under which state the head before was sealed, and answers the present one
 * @throws CryptoError BadRequest, or RecordRefused when `previous` is not the head before this one
 */
export function sealHead(
  before: Provisioned,
  { revision, hash, records, previous }: HeadText,
  signedLog: number,
  judgeState: (named: NamedState) => Provisioned,
): { key: Buffer; sealed: Buffer; generation: number } {
  if (revision < 1) throw badRequest('revision', 'heads begin with 1');
  if (!isSha256(hash)) throw badRequest('hash', 'is not 32 bytes in base64url');
  let state = before;
  let log = signedLog;
  if (revision > 1) {
    const key = recordKey(state, Buffer.from(HEAD_RECORD, 'utf8'));
    const head = readStoreHead(state, revision - 1, key, previous);
    state = judgeState(head.state);
    log = Math.max(log, head.log);
  } else if (previous.length > 0) {
    throw badRequest('previous', 'nothing comes before the first head');
  }
  const { generation, digest } = state;
  const named = generation === 0 ? {} : { generation, state: digest, log };
  const value = Buffer.from(JSON.stringify({ sequence: revision, hash, records, ...named }));
  return { ...sealNamed(state, HEAD_RECORD, revision, value), generation };
}

/** A head that this module sealed. @throws CryptoError RecordRefused */
export function readStoreHead(state: Provisioned, revision: number, key: Uint8Array, sealed: Uint8Array): StoreHead {
  const { name, value } = openRecord(state, key, revision, sealed);
  const head = name === HEAD_RECORD ? headOf(value) : undefined;
  if (head === undefined || head.sequence !== revision) {
    throw new CryptoError('RecordRefused', 'the record is not a store head');
  }
  return head;
}

/** Of the value of a record of this name. */
export function stateNamedBy(value: Buffer): NamedState {
  return headOf(value)?.state ?? NO_STATE;
}

function headOf(value: Buffer): StoreHead | undefined {
  try {
    const { sequence, hash, generation, state, log } = JSON.parse(value.toString('utf8')) as Record<string, unknown>;
    if (typeof sequence !== 'number' || !isSha256(hash)) return undefined;
    const isNamed = typeof generation === 'number' && typeof state === 'string';
    return {
      sequence,
      hash,
      state: isNamed ? { generation, digest: state } : NO_STATE,
      log: typeof log === 'number' ? log : 0,
    };
  } catch {
    // Not JSON: no head.
    return undefined;
  }
}
