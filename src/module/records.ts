// Store records: their names become keyed hashes and their values sealed boxes, before they leave for a store that is
// not trusted. Who edits, moves, swaps or replays one gets a refusal.
import { createHmac } from 'node:crypto';
import { badRequest, CryptoError } from '../crypto/protocol/messages.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned } from './sealed-state.ts';

const MAX_NAME = 1024;
/** Sealed by a message of its own (store-head.ts). */
const RESERVED = 'head';

export interface RecordText {
  readonly name: string;
  readonly value: Buffer;
}

export function sealRecord(
  state: Provisioned,
  name: string,
  revision: number,
  value: Uint8Array,
): { key: Buffer; sealed: Buffer } {
  if (name === RESERVED) throw badRequest('name', 'a head is sealed by sealHead');
  return sealNamed(state, name, revision, value);
}

export function sealNamed(
  state: Provisioned,
  name: string,
  revision: number,
  value: Uint8Array,
): { key: Buffer; sealed: Buffer } {
  const nameBytes = Buffer.from(name, 'utf8');
  if (nameBytes.length === 0 || nameBytes.length > MAX_NAME) throw badRequest('name', 'wrong length');
  const key = recordKey(state, nameBytes);
  const plaintext = Buffer.alloc(2 + nameBytes.length + value.length);
  plaintext.writeUInt16LE(nameBytes.length, 0);
  plaintext.set(nameBytes, 2);
  plaintext.set(value, 2 + nameBytes.length);
  return { key, sealed: sealBox(state.rootKeys.recordSealing, recordContext(state, key, revision), plaintext) };
}

/** @throws CryptoError RecordRefused */
export function openRecord(state: Provisioned, key: Uint8Array, revision: number, sealed: Uint8Array): RecordText {
  const plaintext = openBox(state.rootKeys.recordSealing, recordContext(state, key, revision), sealed, refused);
  if (plaintext.length < 2) throw refused();
  const end = 2 + plaintext.readUInt16LE(0);
  if (end > plaintext.length) throw refused();
  const nameBytes = plaintext.subarray(2, end);
  if (!recordKey(state, nameBytes).equals(key)) throw refused();
  return { name: nameBytes.toString('utf8'), value: plaintext.subarray(end) };
}

export function recordKey(state: Provisioned, name: Uint8Array): Buffer {
  return createHmac('sha256', state.rootKeys.recordNaming).update('strongroom record name v1\n').update(name).digest();
}

function recordContext(state: Provisioned, key: Uint8Array, revision: number): Buffer {
  const prefix = Buffer.from(`strongroom record v1\n${state.instanceId}\n${revision}\n`, 'utf8');
  return Buffer.concat([prefix, key]);
}

function refused(): CryptoError {
  return new CryptoError('RecordRefused', 'the record is not authentic at this key and revision');
}
