// The few things the recorder does to files, behind an interface so that a test can fill the disk or cut a write.
import { close, fdatasyncSync, fsync, open, write, writeSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Disk {
  /**
   * Writes all of the bytes and makes them durable before it returns. Blocks on purpose: the journal's writer has
   * nothing better to do, and handing the two calls to a thread and back costs more than they do.
   */
  writeDurably(fd: number, bytes: Buffer, position: number): void;
  open(path: string, flags: string): Promise<number>;
  /** Writes all of the bytes. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  sync(fd: number): Promise<void>;
  close(fd: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
}

const files = { open: promisify(open), write: promisify(write) };

export const realDisk: Disk = {
  writeDurably(fd, bytes, position) {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
    fdatasyncSync(fd);
  },
  open: (path, flags) => files.open(path, flags, 0o600),
  async write(fd, bytes, position) {
    for (let at = 0; at < bytes.length; ) {
      at += (await files.write(fd, bytes, at, bytes.length - at, position + at)).bytesWritten;
    }
  },
  sync: promisify(fsync),
  close: promisify(close),
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
};

/** Writes a file beside its place and moves it there in one step; the descriptor is the caller's to sync and close. */
export function placeFile(disk: Disk, path: string, bytes: Buffer): Promise<number> {
  return place(disk, path, bytes, () => Promise.resolve());
}

/** Replaces a file by other content: after a crash it holds all of the old or all of the new. */
export async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  await disk.makeFolder(dirname(path));
  await disk.close(await place(disk, path, bytes, (fd) => disk.sync(fd)));
  await syncPath(disk, dirname(path));
}

async function place(disk: Disk, path: string, bytes: Buffer, written: (fd: number) => Promise<void>): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  const fd = await disk.open(temporary, 'w');
  try {
    await disk.write(fd, bytes, 0);
    await written(fd);
    await disk.rename(temporary, path);
    return fd;
  } catch (error) {
    await disk.close(fd);
    throw error;
  }
}

/** Makes a file's content, or a folder's names, durable. */
export async function syncPath(disk: Disk, path: string): Promise<void> {
  const fd = await disk.open(path, 'r');
  try {
    await disk.sync(fd);
  } finally {
    await disk.close(fd);
  }
}
