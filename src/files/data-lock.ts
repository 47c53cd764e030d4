// One supervisor per data directory. The lock is the operating system's (through SQLite's file locks), so it goes with
// its process however that ends; the pid beside it is for people only.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class DataLock implements Disposable {
  readonly #database: DatabaseSync;
  readonly #pidFile: string;

  private constructor(database: DatabaseSync, pidFile: string) {
    this.#database = database;
    this.#pidFile = pidFile;
  }

  /** @returns undefined when another process holds it */
  static take(root: string): DataLock | undefined {
    const database = lockedDatabase(root);
    if (database === undefined) return undefined;
    const pidFile = pidFileOf(root);
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
    return new DataLock(database, pidFile);
  }

  [Symbol.dispose](): void {
    rmSync(this.#pidFile, { force: true });
    this.#database.close();
  }
}

/** Pid of the supervisor that holds the directory; undefined when none does. */
export function lockHolder(root: string): number | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFileOf(root), 'utf8'));
  } catch {
    return undefined; // never started here, or stopped in order
  }
  const database = lockedDatabase(root);
  if (database === undefined) return pid;
  database.close();
  return undefined;
}

function lockedDatabase(root: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(root, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

function pidFileOf(root: string): string {
  return join(root, 'supervisor.pid');
}

const SQLITE_BUSY = 5;
