// The form that every adapter demands of a commit. What the rows mean is not looked at.
import { type Guard, KEY_BYTES, type Row } from './port.ts';

/** @throws RangeError when a caller broke the contract: nothing was written */
export function checkCommit(guards: readonly Guard[], writes: readonly Row[]): void {
  for (const { key, revision } of guards) {
    checkKey(key);
    if (!Number.isSafeInteger(revision) || revision < 0) throw new RangeError('a guard names no revision');
  }
  for (const { key, revision } of writes) {
    checkKey(key);
    if (!Number.isSafeInteger(revision) || revision < 1) throw new RangeError('a row needs a revision of 1 or more');
  }
}

function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
}
