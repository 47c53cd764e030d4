// Durable files for those who may not wait in the middle, as under a lock; see `durable-file.ts`.

import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Fsync = (fd: number) => void;

/** Replaces `path`, or makes it, readable by its owner only. */
export function replaceFileSync(path: string, content: string | Uint8Array, fsync: Fsync = fsyncSync): void {
  const temporary = writeTemporarySync(path, content, fsync);
  try {
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(dirname(path), fsync);
}

/** Makes `path` unless it exists: it appears when it is whole. @returns false when it exists */
export function createFileSync(path: string, content: string | Uint8Array, fsync: Fsync = fsyncSync): boolean {
  const temporary = writeTemporarySync(path, content, fsync);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(dirname(path), fsync);
  return true;
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string, fsync: Fsync = fsyncSync): void {
  const folder = openSync(path, 'r');
  try {
    fsync(folder);
  } finally {
    closeSync(folder);
  }
}

/** One call may write less than asked. */
export function writeAllSync(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function writeTemporarySync(path: string, content: string | Uint8Array, fsync: Fsync): string {
  const temporary = temporaryFor(path);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeAllSync(file, typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
    fsync(file);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(file);
  }
  return temporary;
}

export function temporaryFor(path: string): string {
  return join(dirname(path), `.${randomUUID()}.part`);
}
