// Small files that must survive a crash at any moment: whole and synced before they have their name.
import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fsync, fsyncLater } from './fsync.ts';

/** Gives `path` its content only if it does not exist yet. @returns false when it does */
export function createDurable(path: string, content: Uint8Array): boolean {
  const temporary = writeTemporary(path, content);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(path);
  return true;
}

/** Replaces `path`, or makes it. */
export function replaceDurable(path: string, content: Uint8Array): void {
  renameSync(writeTemporary(path, content), path);
  syncFolder(path);
}

/** The same without holding up the event loop. */
export async function replaceDurableLater(path: string, content: Uint8Array): Promise<void> {
  const temporary = temporaryFor(path);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await fsyncLater(file.fd);
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await fsyncLater(folder.fd);
  } finally {
    await folder.close();
  }
}

function writeTemporary(path: string, content: Uint8Array): string {
  const temporary = temporaryFor(path);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
    fsync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}

function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
}

/** Makes the names in the folder of `path` durable. */
export function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsync(folder);
  } finally {
    closeSync(folder);
  }
}
