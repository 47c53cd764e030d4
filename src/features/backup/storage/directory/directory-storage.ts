// Backups in a directory, each in a folder of its own: files appear whole and synced, the marker last. Where the place
// keeps all (append-only folders, `chattr +a`), files are made in place and nothing is renamed or taken away.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile, createFileInPlace } from '../../../../files/durable-file.ts';
import { printableLine } from '../../../../formats/printable.ts';
import { type BackupStorage, MARKER, MARKER_TEXT, rejectMarker, StorageError, type StoredFolder } from '../port.ts';
import { explainErrno } from './explain-errno.ts';
import { findFolder, makeFolder } from './real-folder.ts';
import { removeFolder } from './remove-folder.ts';

/** A named pipe would hold a thread of the process for as long as nobody writes into it. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface DirectoryPath {
  /** As it was asked for. */
  readonly uri: string;
  /** Where that really is. */
  readonly root: string;
  readonly keepsAll: boolean;
  readonly stopping: AbortSignal;
}

export class DirectoryStorage implements BackupStorage {
  readonly uri: string;
  readonly #root: string;
  readonly #keepsAll: boolean;
  readonly #stopping: AbortSignal;
  readonly #write: typeof createFile;
  /** Folders in which a file could not be taken away again: they can never be finished. */
  readonly #spoilt = new Set<string>();

  constructor({ uri, root, keepsAll, stopping }: DirectoryPath) {
    this.uri = uri;
    this.#root = root;
    this.#keepsAll = keepsAll;
    this.#stopping = stopping;
    this.#write = keepsAll ? createFileInPlace : createFile;
  }

  async write(folder: string, name: string, content: Uint8Array): Promise<void> {
    rejectMarker(name);
    await this.#try(`writing '${name}' of '${folder}'`, async () => {
      const path = await makeFolder(this.#root, folder);
      if (await isFinished(path)) {
        throw new StorageError(
          'Exists',
          `'${folder}' is a finished backup, which nothing is added to; use another folder`,
        );
      }
      try {
        await this.#write(join(path, safe(name)), content);
      } catch (error) {
        if (this.#keepsAll && (error as NodeJS.ErrnoException).code !== 'EEXIST') this.#spoilt.add(folder);
        throw error;
      }
    });
  }

  async read(folder: string, name: string, limit: number): Promise<Buffer> {
    return this.#try(`reading '${name}' of '${folder}'`, async () => {
      await using file = await openFile(join(await this.#finishedFolder(folder), safe(name)));
      const bytes = Buffer.alloc(Math.min(limit, (await file.stat()).size));
      let length = 0;
      for (let read = 1; read > 0; length += read) ({ bytesRead: read } = await file.read(bytes, length));
      return bytes.subarray(0, length);
    });
  }

  async *list(folder: string): ReturnType<BackupStorage['list']> {
    const what = `listing '${folder}'`;
    const path = await this.#try(what, () => this.#finishedFolder(folder));
    for (const entry of await this.#try(what, () => readdir(path, { withFileTypes: true }))) {
      if (entry.name === MARKER) continue;
      if (!entry.isFile()) {
        throw new StorageError(
          'Damaged',
          `'${folder}' holds '${printableLine(entry.name)}', which is no file and no part of a backup; take it away`,
        );
      }
      yield { name: entry.name, bytes: await this.#try(what, () => sizeOf(join(path, entry.name))) };
    }
  }

  async *folders(): AsyncIterable<StoredFolder> {
    const what = `listing '${this.#root}'`;
    for (const entry of await this.#try(what, () => readdir(this.#root, { withFileTypes: true }))) {
      if (!entry.isDirectory()) continue;
      yield { folder: entry.name, finished: await this.#try(what, () => isFinished(join(this.#root, entry.name))) };
    }
  }

  async finish(folder: string): Promise<void> {
    await this.#try(`finishing '${folder}'`, async () => {
      const path = await findFolder(this.#root, folder);
      if (this.#spoilt.has(folder)) {
        throw new StorageError(
          'Incomplete',
          `a file of '${folder}' was not written whole and cannot be taken away; start another backup`,
        );
      }
      await this.#write(join(path, MARKER), MARKER_TEXT);
    });
  }

  async abandon(folder: string): Promise<void> {
    if (this.#keepsAll) return;
    await this.#try(`taking away '${folder}'`, async () => {
      const path = await findFolder(this.#root, folder).catch((error: unknown) => {
        if (error instanceof StorageError && error.code === 'NotFound') return undefined;
        throw error;
      });
      if (path === undefined || (await isFinished(path))) return;
      await removeFolder(path);
    });
  }

  async checkWritable(): Promise<void> {
    await this.#try(`writing into '${this.#root}'`, async () => {
      if (this.#keepsAll) {
        // One file that grows: nothing could take it away again.
        await using file = await open(
          join(this.#root, 'write-check'),
          constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK,
          0o600,
        );
        await file.writeFile('.');
        await file.sync();
        return;
      }
      const path = join(this.#root, `write-check-${randomBytes(8).toString('hex')}`);
      await createFile(path, Buffer.alloc(4096));
      await unlink(path);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every file is closed where it was opened.
  }

  async #finishedFolder(folder: string): Promise<string> {
    const path = await findFolder(this.#root, folder);
    if (await isFinished(path)) return path;
    throw new StorageError('Incomplete', `the backup '${folder}' was never finished; use another one`);
  }

  async #try<Result>(what: string, act: () => Promise<Result>): Promise<Result> {
    this.#stopping.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      throw explainErrno(error, what);
    }
  }
}

async function isFinished(path: string): Promise<boolean> {
  try {
    await using _ = await openFile(join(path, MARKER));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, READ);
  try {
    if ((await file.stat()).isFile()) return file;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  throw new StorageError('Damaged', `'${path}' is no file, so it is no part of a backup; take it away`);
}

async function sizeOf(path: string): Promise<number> {
  await using file = await openFile(path);
  return (await file.stat()).size;
}

function safe(name: string): string {
  if (/^[A-Za-z0-9._-]{1,255}$/.test(name) && name !== '.' && name !== '..') return name;
  throw new StorageError('Malformed', 'a file has a name that no part of a backup has');
}
