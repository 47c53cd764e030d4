// Destroys a module's folder: every file is overwritten, synced and unlinked, those that the root keys depend on first. On
// disks that write elsewhere than they are told, what was there before is for the disk's own encryption to hide.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from './durable-file-sync.ts';

/** What opens the state, then the state itself. */
const FIRST = ['seal.key', 'state.sealed'];
const CHUNK = 64 * 1024;

/** Durable when it returns; may be repeated after a crash at any point of it. `gone` hears of each file once it is. */
export function destroyFolder(folder: string, gone: (name: string) => void = () => {}): void {
  if (!existsSync(folder)) return;
  for (const entry of ordered(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) destroyFolder(path, gone);
    else {
      if (entry.isFile()) overwriteFile(path);
      unlinkSync(path);
      syncFolder(folder);
      gone(entry.name);
    }
  }
  rmdirSync(folder);
  syncFolder(dirname(folder));
}

function ordered(folder: string) {
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => rank(a.name) - rank(b.name));
}

export function overwriteFile(path: string): void {
  const handle = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const { size } = fstatSync(handle);
    for (let at = 0; at < size; ) at += writeSync(handle, randomBytes(Math.min(CHUNK, size - at)), 0, undefined, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
