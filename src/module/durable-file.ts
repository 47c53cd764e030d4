// The module's durable files: written as everybody's are, synced by a call of its own.
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  createFileSync,
  replaceFileSync,
  syncFolder as syncFolderBy,
  temporaryFor,
} from '../files/durable-file-sync.ts';
import { fsync, fsyncLater } from './native.ts';

/** `undefined`: there is none. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Gives `path` its content only if it does not exist yet. @returns false when it does */
export function createDurable(path: string, content: Uint8Array): boolean {
  return createFileSync(path, content, fsync);
}

/** Replaces `path`, or makes it. */
export function replaceDurable(path: string, content: Uint8Array): void {
  replaceFileSync(path, content, fsync);
}

/** The same, without holding up the event loop while the disk takes it. */
export async function replaceDurableLater(path: string, content: Uint8Array): Promise<void> {
  const temporary = temporaryFor(path);
  writeFileSync(temporary, content, { flag: 'wx', mode: 0o600 });
  await syncLater(temporary);
  renameSync(temporary, path);
  await syncLater(dirname(path));
}

async function syncLater(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await fsyncLater(file);
  } finally {
    closeSync(file);
  }
}

export function syncFolder(path: string): void {
  syncFolderBy(path, fsync);
}
