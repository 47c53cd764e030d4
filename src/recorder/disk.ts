// The few things the recorder does to files, behind an interface so that a test can fill the disk or cut a write.
import { close, fdatasyncSync, fsync, open, rename, rm, write, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

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

type Done = (error: NodeJS.ErrnoException | null) => void;

function promised(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}

export const realDisk: Disk = {
  writeDurably(fd, bytes, position) {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
    fdatasyncSync(fd);
  },
  open: (path, flags) =>
    new Promise((resolve, reject) => {
      open(path, flags, 0o600, (error, fd) => (error === null ? resolve(fd) : reject(error)));
    }),
  write: (fd, bytes, position) =>
    new Promise((resolve, reject) => {
      const step = (at: number): void => {
        write(fd, bytes, at, bytes.length - at, position + at, (error, written) => {
          if (error !== null) reject(error);
          else if (at + written < bytes.length) step(at + written);
          else resolve();
        });
      };
      step(0);
    }),
  sync: (fd) => promised((done) => fsync(fd, done)),
  close: (fd) => promised((done) => close(fd, done)),
  rename: (from, to) => promised((done) => rename(from, to, done)),
  remove: (path) => promised((done) => rm(path, { recursive: true, force: true }, done)),
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
};

/** Writes a file beside its place and moves it there in one step; the descriptor is the caller's to sync and close. */
export async function placeFile(disk: Disk, path: string, bytes: Buffer): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  const fd = await disk.open(temporary, 'w');
  try {
    await disk.write(fd, bytes, 0);
    await disk.rename(temporary, path);
    return fd;
  } catch (error) {
    await disk.close(fd);
    throw error;
  }
}

/** Replaces a file by other content: after a crash it holds all of the old or all of the new. */
export async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  await disk.makeFolder(dirname(path));
  const fd = await disk.open(temporary, 'w');
  try {
    await disk.write(fd, bytes, 0);
    await disk.sync(fd);
  } finally {
    await disk.close(fd);
  }
  await disk.rename(temporary, path);
  await syncPath(disk, dirname(path));
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
