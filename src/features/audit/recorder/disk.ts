// The few things the recorder does to files, behind an interface so that a test can fill the disk or cut a write.
import { close, fdatasync, fsync, open, rename, rm, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Disk {
  open(path: string, flags: string): Promise<number>;
  /** Writes all of the bytes. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  datasync(fd: number): Promise<void>;
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
  datasync: (fd) => promised((done) => fdatasync(fd, done)),
  sync: (fd) => promised((done) => fsync(fd, done)),
  close: (fd) => promised((done) => close(fd, done)),
  rename: (from, to) => promised((done) => rename(from, to, done)),
  remove: (path) => promised((done) => rm(path, { recursive: true, force: true }, done)),
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
};

/** Replaces a file by other content in one step. Durable only if asked to be. */
export async function replaceFile(disk: Disk, path: string, bytes: Buffer, durable: boolean): Promise<void> {
  const temporary = join(dirname(path), `.${path.slice(dirname(path).length + 1)}.tmp`);
  await disk.makeFolder(dirname(path));
  const fd = await disk.open(temporary, 'w');
  try {
    await disk.write(fd, bytes, 0);
    if (durable) await disk.sync(fd);
  } finally {
    await disk.close(fd);
  }
  await disk.rename(temporary, path);
  if (durable) await syncPath(disk, dirname(path));
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
