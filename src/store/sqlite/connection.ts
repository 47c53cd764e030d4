// Opens connections to store.db with every setting that durability and distrust ask for. Not the store itself.
import { chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { syncFolder } from '../../files/durable-file-sync.ts';
import { MAX_FRAME } from '../../formats/frames.ts';
import { StoreError } from '../port.ts';
import { prepareSchema } from './schema.ts';
import { isBusy, toStoreError } from './sqlite-error.ts';

/** How long SQLite itself may wait for a lock. The thread stands still meanwhile, so it is short; `whenFree` waits on. */
const BLOCKING_WAIT_MS = 20;
/** Between two attempts. */
const PAUSE_MS = 5;
/** A sealed record fits in one frame to the module, with room for what else is in it; larger rows are not ours. */
const MAX_ROW = MAX_FRAME - 4096;

/** Makes folder and file if needed, both for this user only, and durable by name. */
export function createFile(folder: string): string {
  const path = join(folder, 'store.db');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if ((statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
    closeSync(openSync(path, constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o600));
    for (const name of [folder, dirname(folder)]) syncFolder(name);
  } catch (cause) {
    throw new StoreError('Unavailable', `the folder of the store cannot be used: ${folder}`, { cause });
  }
  return path;
}

/** The connection that writes. */
export function connect(path: string): DatabaseSync {
  return configured(path, false, (db) => {
    // FULL: the WAL is synced at every commit. secure_delete: what was deleted is overwritten in the file.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON');
    // Keys are random, so each commit writes many pages; in a larger log more of them are written over before they go into the file.
    db.exec(`PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = ${16 * 1024 * 1024}`);
    prepareSchema(db);
  });
}

/** A second connection for reading a long time as of one moment. */
export function connectReader(path: string): DatabaseSync {
  return configured(path, true, () => {});
}

function configured(path: string, readOnly: boolean, prepare: (db: DatabaseSync) => void): DatabaseSync {
  const db = new DatabaseSync(path, {
    readOnly,
    timeout: BLOCKING_WAIT_MS,
    allowExtension: false,
    defensive: true,
    limits: { length: MAX_ROW, attach: 0 },
  });
  try {
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0');
    prepare(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Does the work, again and again while another process holds the lock. Work must leave nothing behind when it throws.
 * @throws StoreError
 */
export async function whenFree<T>(patienceMs: number, work: () => T): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error);
    }
    await setTimeout(PAUSE_MS);
  }
}
