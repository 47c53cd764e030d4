// The `file` seal: a random key beside the state file, readable by the module's user alone. It keeps the state from
// being edited or read in a copy made without it; it is no protection from whoever can read the whole folder.
import { createSecretKey, type KeyObject, randomBytes, randomFillSync } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { OLD_KEY_FILE } from '../formats/seal-header.ts';
import { createDurable, syncFolder } from './durable-file.ts';
import { fsync } from './fsync.ts';

const LENGTH = 32;
const KEY_FILE = /^seal(-[0-9a-f]{16})?\.key$/;

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

/** For a first state: makes the key unless there is one (another partition's, or of a start that went no further). */
export function ensureFileSeal(folder: string): { readonly keyFile: string; readonly key: KeyObject } {
  return writeKey(folder, OLD_KEY_FILE);
}

/** A new key under a name of its own, so that state and key can be exchanged in one step: that of the state. */
export function makeFileSeal(folder: string): { readonly keyFile: string; readonly key: KeyObject } {
  return writeKey(folder, `seal-${randomBytes(8).toString('hex')}.key`);
}

function writeKey(folder: string, keyFile: string): { readonly keyFile: string; readonly key: KeyObject } {
  const bytes = Buffer.alloc(LENGTH);
  randomFillSync(bytes);
  createDurable(join(folder, keyFile), bytes);
  bytes.fill(0);
  return { keyFile, key: loadFileSeal(join(folder, keyFile)) };
}

/** A partition that had not yet heard of the new state may have taken its key for a spare one. */
export function keepKeyFile(folder: string, keyFile: string, key: KeyObject): void {
  const bytes = key.export();
  createDurable(join(folder, keyFile), bytes);
  bytes.fill(0);
}

/** Overwrites and removes key files that seal nothing (any more). What the disk keeps elsewhere is beyond reach. */
export function wipeKeyFiles(folder: string, isSpare: (name: string) => boolean): void {
  const spare = readdirSync(folder).filter((name) => KEY_FILE.test(name) && isSpare(name));
  for (const name of spare) wipe(join(folder, name));
  if (spare.length > 0) syncFolder(folder);
}

function wipe(path: string): void {
  try {
    const file = openSync(path, 'r+');
    try {
      writeSync(file, Buffer.alloc(fstatSync(file).size), 0, undefined, 0);
      fsync(file);
    } finally {
      closeSync(file);
    }
    unlinkSync(path);
  } catch (error) {
    // Another partition was first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
