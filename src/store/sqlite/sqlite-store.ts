// The embedded store: one SQLite file that several processes of one host may use at once.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { checkCommit, DELETIONS_KEPT, type Guard, type Row, refused, type Store, StoreError } from '../port.ts';
import { connect, connectReader, createFile, whenFree } from './connection.ts';
import { FileInUse } from './file-in-use.ts';
import { schemaCheck, toRow } from './schema.ts';
import { isBusy, toStoreError } from './sqlite-error.ts';

export interface SqliteStoreOptions {
  /** Holds `store.db` and nothing else; made with mode 0700. */
  readonly folder: string;
  /** How long to wait for the locks of other processes before `Unavailable`. */
  readonly patienceMs?: number;
}

const BATCH = 512;
/** How often `changed` looks whether the file was replaced under the connection, or cut short. */
const LOOK_AT_FILE_MS = 50;

/** @throws StoreError Unavailable, Damaged */
export async function openSqliteStore({ folder, patienceMs = 5000 }: SqliteStoreOptions): Promise<Store> {
  const path = createFile(folder);
  return whenFree(patienceMs, () => new SqliteStore(path, connect(path), patienceMs));
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #patienceMs: number;
  readonly #file: FileInUse;
  readonly #checkSchema: () => void;
  readonly #readRow: StatementSync;
  readonly #rowsSince: StatementSync;
  readonly #revisionOf: StatementSync;
  readonly #write: StatementSync;
  readonly #forgetDeletions: StatementSync;
  readonly #dataVersion: StatementSync;
  #seen: unknown;
  #nextLook = 0;
  #open = true;

  constructor(path: string, db: DatabaseSync, patienceMs: number) {
    this.#path = path;
    this.#db = db;
    this.#patienceMs = patienceMs;
    this.#checkSchema = schemaCheck(db);
    this.#readRow = db.prepare('SELECT key, revision, value FROM rows WHERE key = ?');
    this.#rowsSince = db.prepare('SELECT key, revision, value FROM rows WHERE revision > ? ORDER BY revision');
    this.#revisionOf = db.prepare('SELECT revision FROM rows WHERE key = ? AND value IS NOT NULL');
    this.#write = db.prepare(
      `INSERT INTO rows (key, revision, value) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value`,
    );
    this.#forgetDeletions = db.prepare('DELETE FROM rows WHERE value IS NULL AND revision <= ?');
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#seen = this.#version();
    // After a look into the file, from which on its log is there.
    this.#file = new FileInUse(path, db);
  }

  async read(key: Uint8Array): Promise<Row | undefined> {
    return this.#whenFree(() => {
      const row = this.#readRow.get(key);
      return row === undefined ? undefined : toRow(row);
    });
  }

  async *list(): AsyncIterable<readonly Row[]> {
    // Taken before the other connection looks: a commit in between is reported once too often, never missed.
    await this.#whenFree(() => {
      this.#seen = this.#version();
    });
    const reader = await this.#whenFree(() => connectReader(this.#path));
    try {
      // It reads the file for the first time.
      const select = await this.#whenFree(() =>
        reader.prepare('SELECT key, revision, value FROM rows WHERE value IS NOT NULL'),
      );
      const rows = select.iterate();
      for (let batch = await this.#nextBatch(rows); batch.length > 0; batch = await this.#nextBatch(rows)) yield batch;
    } finally {
      reader.close();
    }
  }

  async changesSince(revision: number): Promise<readonly Row[]> {
    return this.#whenFree(() =>
      this.#transaction('BEGIN', () => {
        const rows = this.#rowsSince.all(revision).map(toRow);
        this.#seen = this.#version();
        return rows;
      }),
    );
  }

  changed(): boolean {
    if (!this.#open) return true;
    const now = performance.now();
    try {
      if (now >= this.#nextLook) {
        if (this.#file.look() !== 'as it was') return true;
        this.#nextLook = now + LOOK_AT_FILE_MS;
      }
      return this.#version() !== this.#seen;
    } catch (error) {
      // Whoever asks reads next and gets the reason, or waits there.
      if (isBusy(error)) return true;
      throw toStoreError(error);
    }
  }

  async commit(guards: readonly Guard[], writes: readonly Row[]): Promise<'committed' | 'conflict'> {
    checkCommit(guards, writes);
    return this.#whenFree(() =>
      this.#transaction('BEGIN IMMEDIATE', () => {
        for (const guard of guards) {
          if ((this.#revisionOf.get(guard.key)?.['revision'] ?? 0) !== guard.revision) return 'conflict';
        }
        for (const row of writes) this.#write.run(row.key, row.revision, row.value);
        const deletions = writes.filter((row) => row.value === null);
        if (deletions.length > 0) {
          this.#forgetDeletions.run(Math.max(...deletions.map((row) => row.revision)) - DELETIONS_KEPT);
        }
        return 'committed';
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#db.close();
  }

  #whenFree<T>(work: () => T): Promise<T> {
    return whenFree(this.#patienceMs, () => {
      if (!this.#open) throw new StoreError('Unavailable', 'the store is closed');
      const found = this.#file.look();
      if (found === 'replaced')
        throw new StoreError('Damaged', 'store.db, or its log, was replaced or removed while in use');
      if (found === 'cut short') throw refused('store.db, or its log, was cut short while it was in use');
      return work();
    });
  }

  #transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    this.#db.exec(begin);
    try {
      this.#checkSchema();
      const result = work();
      this.#db.exec(result === 'conflict' ? 'ROLLBACK' : 'COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after the gravest errors.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Only the very first step can meet a lock, before it took a row. */
  #nextBatch(rows: Iterator<Record<string, unknown>>): Promise<Row[]> {
    return whenFree(this.#patienceMs, () => {
      const batch: Row[] = [];
      while (batch.length < BATCH) {
        const step = rows.next();
        if (step.done === true) break;
        batch.push(toRow(step.value));
      }
      return batch;
    });
  }

  #version(): unknown {
    return this.#dataVersion.get()?.['data_version'];
  }
}
