// A lock that goes with its process however that ends: the operating system's, through SQLite, as Node has none of its own.
import { DatabaseSync } from 'node:sqlite';

/** @param patienceMs how long to wait for another holder; the thread stands still @returns undefined when another holds it */
export function lockFile(path: string, patienceMs = 0): Disposable | undefined {
  const database = new DatabaseSync(path, { timeout: patienceMs });
  try {
    // No file beside it: in a log's folder everything is looked at.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return { [Symbol.dispose]: () => database.close() };
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

const SQLITE_BUSY = 5;
