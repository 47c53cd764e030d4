// The few things the recorder does to files, behind an interface so that a test can fill the disk or cut a write. What ends in
// the page cache is done at once: handing a call to a thread and back costs more than the call. What waits for the disk is not.
import { closeSync, fdatasyncSync, fsync, mkdirSync, openSync, renameSync, write, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Disk {
  /** Writes all of the bytes and makes them durable before it returns: the journal's writer has nothing better to do. */
  writeDurably(fd: number, bytes: Buffer, position: number): void;
  open(path: string, flags: string): number;
  /** Writes all of the bytes. */
  write(fd: number, bytes: Buffer, position: number): void;
  /** The same on a thread of the pool, for those that are many. */
  writeLater(fd: number, bytes: Buffer, position: number): Promise<void>;
  sync(fd: number): Promise<void>;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): Promise<void>;
  makeFolder(path: string): void;
}

const files = { write: promisify(write) };

export const realDisk: Disk = {
  writeDurably(fd, bytes, position) {
    realDisk.write(fd, bytes, position);
    fdatasyncSync(fd);
  },
  open: (path, flags) => openSync(path, flags, 0o600),
  write(fd, bytes, position) {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  },
  async writeLater(fd, bytes, position) {
    for (let at = 0; at < bytes.length; ) {
      at += (await files.write(fd, bytes, at, bytes.length - at, position + at)).bytesWritten;
    }
  },
  sync: promisify(fsync),
  close: closeSync,
  rename: renameSync,
  remove: (path) => rm(path, { recursive: true, force: true }),
  makeFolder: (path) => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  },
};

/** Writes a file beside its place and moves it there in one step; the descriptor is the caller's to sync and close. */
export function placeFile(disk: Disk, path: string, bytes: Buffer): number {
  const { fd, temporary } = writeBeside(disk, path, bytes);
  return finish(disk, fd, () => disk.rename(temporary, path));
}

/** Replaces a file by other content: after a crash it holds all of the old or all of the new. */
export async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  disk.makeFolder(dirname(path));
  const { fd, temporary } = writeBeside(disk, path, bytes);
  try {
    await disk.sync(fd);
    disk.rename(temporary, path);
  } finally {
    disk.close(fd);
  }
  await syncPath(disk, dirname(path));
}

function writeBeside(disk: Disk, path: string, bytes: Buffer): { readonly fd: number; readonly temporary: string } {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  const fd = disk.open(temporary, 'w');
  return { fd: finish(disk, fd, () => disk.write(fd, bytes, 0)), temporary };
}

/** The descriptor, closed when the last thing to do with it fails. */
function finish(disk: Disk, fd: number, work: () => void): number {
  try {
    work();
    return fd;
  } catch (error) {
    disk.close(fd);
    throw error;
  }
}

/** Makes a file's content, or a folder's names, durable. */
export async function syncPath(disk: Disk, path: string): Promise<void> {
  const fd = disk.open(path, 'r');
  try {
    await disk.sync(fd);
  } finally {
    disk.close(fd);
  }
}
