// The `file` seal: a random key beside the state file, readable by the module's user alone. It keeps the state from
// being edited or read in a copy made without it; it is no protection from whoever can read the whole folder.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createDurable, syncFolder } from '../durable-file.ts';
import { fsync } from '../native.ts';

const LENGTH = 32;

/** A new key under a name of its own, so that state and key can be exchanged in one step: that of the state. */
export function makeFileSeal(folder: string): { readonly keyFile: string; readonly key: KeyObject } {
  const bytes = randomBytes(LENGTH);
  const keyFile = `seal-${randomBytes(8).toString('hex')}.key`;
  createDurable(join(folder, keyFile), bytes);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { keyFile, key };
}

/** A key, unless there is one (another process's, or of a start that went no further). @returns `keyFile` */
export function writeKeyFile(folder: string, keyFile: string): string {
  const bytes = randomBytes(LENGTH);
  createDurable(join(folder, keyFile), bytes);
  bytes.fill(0);
  return keyFile;
}

/** A process that had not yet heard of the new state may have taken its key for a spare one. */
export function keepKeyFile(folder: string, keyFile: string, key: KeyObject): void {
  const bytes = key.export();
  createDurable(join(folder, keyFile), bytes);
  bytes.fill(0);
}

/** Overwrites and removes key files that seal nothing (any more). What the disk keeps elsewhere is beyond reach. */
export function wipeKeyFiles(folder: string, names: readonly string[]): void {
  for (const name of names) wipe(join(folder, name));
  if (names.length > 0) syncFolder(folder);
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
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
