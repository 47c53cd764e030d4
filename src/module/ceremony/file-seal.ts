// The `file` seal: a random key beside the state file, readable by the module's user alone. It keeps the state from
// being edited or read in a copy made without it; it is no protection from whoever can read the whole folder.
import { type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createDurable, syncFolder } from '../durable-file.ts';
import { fsync } from '../native.ts';
import { secretKeyOf } from '../sealed-box.ts';

const LENGTH = 32;

/**
 * A new key, by default under a name of its own, so that state and key can be exchanged in one step: that of the state. Where
 * there is one of that name (another process's, or of a start that went no further), it stays.
 */
export function makeFileSeal(
  folder: string,
  keyFile: string = `seal-${randomBytes(8).toString('hex')}.key`,
): { readonly keyFile: string; readonly key: KeyObject } {
  const bytes = randomBytes(LENGTH);
  createDurable(join(folder, keyFile), bytes);
  return { keyFile, key: secretKeyOf(bytes) };
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
