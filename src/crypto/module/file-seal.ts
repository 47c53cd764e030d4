// The `file` seal: a random key beside the state file, readable by the module's user alone. It keeps the state from
// being edited or read in a copy made without it; it is no protection from whoever can read the whole folder.
import { createSecretKey, type KeyObject, randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createDurable } from './durable-file.ts';

const LENGTH = 32;

export class SealError extends Error {
  override readonly name = 'SealError';
}

/** @throws SealError when the file is missing or is no key */
export function loadFileSeal(path: string): KeyObject {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new SealError('the seal cannot be read', { cause });
  }
  try {
    if (bytes.length !== LENGTH) throw new SealError('the seal is not a key');
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Makes the seal unless there is one (another partition's, or of a start that went no further). */
export function ensureFileSeal(path: string): KeyObject {
  const bytes = Buffer.alloc(LENGTH);
  randomFillSync(bytes);
  createDurable(path, bytes);
  bytes.fill(0);
  return loadFileSeal(path);
}
