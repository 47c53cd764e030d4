// Keeps a second recorder out of a log's folder. SQLite's file lock serves: the operating system lets go of it when the
// process dies, however it dies.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How long to wait for a predecessor that is being killed. */
const PATIENCE = 1500;

/** @throws Error when another process keeps the folder */
export function lockFolder(folder: string): Disposable {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: PATIENCE });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new Error(`another recorder has ${folder} open`, { cause });
  }
  return { [Symbol.dispose]: () => database.close() };
}
