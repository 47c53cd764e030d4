// The tables of store.db: numbered steps that are never edited, and the check that a file has exactly the result.
import { DatabaseSync } from 'node:sqlite';
import { KEY_BYTES, type Row, refused, StoreError } from '../port.ts';

/** 'STRM': tells `file` and SQLite's own tools whose file this is. */
export const APPLICATION_ID = 0x5354524d;

const migrations: readonly string[] = [
  // 1 · A null value is a deletion that readers may not have seen yet.
  `CREATE TABLE rows (
     id INTEGER PRIMARY KEY,
     key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
     revision INTEGER NOT NULL CHECK (revision > 0),
     value BLOB
   ) STRICT;
   CREATE INDEX rows_by_revision ON rows (revision);
   CREATE INDEX rows_deleted ON rows (revision) WHERE value IS NULL;`,
];

/** Brings a file of ours, or an empty one, to the present schema. @throws StoreError Damaged when it is neither */
export function prepareSchema(db: DatabaseSync): void {
  if (isPresent(db)) return checkSchema(db);
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been faster.
    if (!isPresent(db)) {
      const version = checkOwner(db);
      for (const step of migrations.slice(version)) db.exec(step);
      db.exec(`PRAGMA user_version = ${migrations.length}; PRAGMA application_id = ${APPLICATION_ID}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
  checkSchema(db);
}

function isPresent(db: DatabaseSync): boolean {
  return pragma(db, 'application_id') === APPLICATION_ID && pragma(db, 'user_version') === migrations.length;
}

/** Answers the schema version of the file, 0 for an empty one. */
function checkOwner(db: DatabaseSync): number {
  const version = pragma(db, 'user_version');
  const application = pragma(db, 'application_id');
  const empty = application === 0 && version === 0 && schemaOf(db) === '[]';
  if (!empty && application !== APPLICATION_ID) throw new StoreError('Damaged', 'store.db belongs to another program');
  if (version > migrations.length) {
    throw new StoreError('Damaged', `store.db was written by a newer version of this program (schema ${version})`);
  }
  return version;
}

/** Who owns the file could have added triggers or views; with those, statements would not do what they say. */
function checkSchema(db: DatabaseSync): void {
  if (schemaOf(db) !== ours()) throw new StoreError('Damaged', 'store.db does not have the tables it should have');
}

/**
 * The same look for a file in use, to be taken within the transaction that relies on it: nobody changes the schema meanwhile.
 * @throws StoreError Refused
 */
export function schemaCheck(db: DatabaseSync): () => void {
  const read = db.prepare(SCHEMA);
  const expected = ours();
  return () => {
    if (read.get()?.['schema'] === expected) return;
    throw refused('store.db has other tables, indexes, triggers or views than it should have');
  };
}

/** Without the statistics that ANALYZE keeps, whole as it makes them: a pattern for their names fits others, too. */
const SCHEMA = `SELECT json_group_array(json_array(type, name, tbl_name, sql) ORDER BY name) AS schema
  FROM sqlite_schema WHERE (type, name, tbl_name, sql) NOT IN (VALUES
    ('table', 'sqlite_stat1', 'sqlite_stat1', 'CREATE TABLE sqlite_stat1(tbl,idx,stat)'),
    ('table', 'sqlite_stat4', 'sqlite_stat4', 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)'))`;

function ours(): unknown {
  using model = new DatabaseSync(':memory:');
  for (const step of migrations) model.exec(step);
  return schemaOf(model);
}

function schemaOf(db: DatabaseSync): unknown {
  return db.prepare(SCHEMA).get()?.['schema'];
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  const value = db.prepare(`PRAGMA ${name}`).get()?.[name];
  if (typeof value !== 'number') throw new StoreError('Damaged', `store.db has no ${name}`);
  return value;
}

/** A row as the table gives it, checked: who owns the file also owns its types. @throws StoreError Damaged */
export function toRow({ key, revision, value }: Record<string, unknown>): Row {
  const sound =
    key instanceof Uint8Array &&
    key.length === KEY_BYTES &&
    typeof revision === 'number' &&
    Number.isSafeInteger(revision) &&
    revision > 0 &&
    (value === null || value instanceof Uint8Array);
  if (!sound) throw new StoreError('Damaged', 'store.db holds a row that is not one');
  return { key, revision, value };
}
