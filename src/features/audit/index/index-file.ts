// The file of an index: its tables, and whether a file is one of ours, of this log, and as we left it. It is made from the log alone and
// holds nothing that the log has not, so one that is wrong in any way is made anew and never mended.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isGuid } from '../../../formats/guid.ts';
import { decodeSegmentHeader, JOURNAL, SEGMENT_NAME } from '../../../formats/journal-format.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import { TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import type { UseFacets } from './indexed-entry.ts';
import { IndexError, rowHash } from './sealed.ts';
import { SegmentReader } from './segment.ts';

/** 'STRX' */
const APPLICATION_ID = 0x53545258;
/** Goes up when tables, or what is put into them, change. */
const VERSION = 4;

// `words` are the lines of all texts and the facets that are looked for, folded: they are few, whatever the log holds, but for what only
// one entry has. `kinds` are entries that have the same facets and the same words. Both are lists, whose end alone is written to
// (`dictionary.ts`), and are read from end to end. `segments` say of each entry of which kind it is; `ids` have what each request has of its own
// (`segment.ts`). `uses` are fewer still: refused calls, which name what they like, have none by name. `changed`: with which bundle,
// counted from 1.
export const TABLES = `
  CREATE TABLE about (
    one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, blocks INTEGER NOT NULL, changes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE words (first INTEGER PRIMARY KEY, records BLOB NOT NULL) STRICT;
  CREATE TABLE words_by_hash (hash BLOB PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE kinds (first INTEGER PRIMARY KEY, records BLOB NOT NULL) STRICT;
  CREATE TABLE kinds_by_hash (hash BLOB PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE segments (
    first INTEGER PRIMARY KEY, width INTEGER NOT NULL, bundles BLOB NOT NULL, kinds BLOB NOT NULL, entries BLOB NOT NULL
  ) STRICT;
  CREATE TABLE ids (place INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
  CREATE TABLE uses (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, said TEXT NOT NULL) STRICT;
  CREATE TABLE counts (
    use INTEGER PRIMARY KEY, count INTEGER NOT NULL, first INTEGER, last INTEGER, changed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE days (
    day INTEGER NOT NULL, use INTEGER NOT NULL, count INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (day, use)
  ) STRICT, WITHOUT ROWID;`;

/** No value in it is longer: of ids that somebody thinks of so that they fall into one place, half as much. */
const LONGEST_VALUE = 1024 * 1024;

/** Where an index is, and of which log. */
export interface IndexPlace {
  readonly path: string;
  /** Folder of the log. */
  readonly folder: string;
}

/** 4,096 entries: fewer are read in a moment. */
const LONG = 16;

/** Whether it takes long to ask this log without an index. */
export function isLong(folder: string): boolean {
  return existsSync(join(folder, tilePath('entries', LONG - 1)));
}

/** @param indexes the folder of all indexes @throws IndexError when the log has no name that tells it from others */
export function indexPlace(indexes: string, folder: string): IndexPlace {
  const [, id = ''] = originOf(folder).split('/');
  if (!isGuid(id)) throw new IndexError(`the log in ${folder} is of no instance`);
  // Each version has its own, as a process that was started before an upgrade goes on with the one before.
  return { path: join(indexes, `${id}.${VERSION}.db`), folder };
}

/** Removes what other versions have left. */
export function removeOtherVersions(indexes: string): void {
  for (const name of existsSync(indexes) ? readdirSync(indexes) : []) {
    const [, id = '', version] = /^([^.]+)(?:\.(\d+))?\.db(?:-journal)?$/.exec(name) ?? [];
    if (isGuid(id) && version !== String(VERSION)) rmSync(join(indexes, name), { force: true });
  }
}

export interface IndexFile extends Disposable {
  readonly db: DatabaseSync;
  readonly place: IndexPlace;
  /** Bundles that it has, as of this moment, and their entries. */
  blocks(): number;
  entries(): number;
  /** How often the file was changed, as SQLite counts it. */
  changes(): number;
}

/** @throws IndexError when it is not to be used @throws Error of SQLite, as when another holds it */
export function openIndexFile(place: IndexPlace, readOnly: boolean): IndexFile {
  if (!readOnly && !existsSync(place.path)) {
    // Of a log that is gone none is made.
    originOf(place.folder);
    // SQLite gives its files the mode of the first, and makes that as the umask says.
    closeSync(openSync(place.path, 'a', 0o600));
  }
  const db = new DatabaseSync(place.path, {
    readOnly,
    timeout: readOnly ? 100 : 2_000,
    allowExtension: false,
    defensive: true,
    limits: { attach: 0, length: LONGEST_VALUE },
  });
  // Opened before SQLite locks anything, and closed after: closing a file gives up all locks of the process on it.
  const descriptor = openSync(place.path, 'r');
  const changes = (): number => {
    const counter = Buffer.alloc(4);
    readSync(descriptor, counter, 0, 4, 24);
    return counter.readUInt32BE();
  };
  const close = (): void => {
    if (!db.isOpen) return;
    db.close();
    closeSync(descriptor);
  };
  try {
    db.exec(
      'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -32000; PRAGMA mmap_size = 0',
    );
    if (!readOnly) prepare(db, place, changes);
    check({ db, place, changes });
    const read = db.prepare('SELECT blocks FROM about');
    const blocks = (): number => Number(read.get()?.['blocks']);
    return { db, place, blocks, entries: () => blocks() * TILE_WIDTH, changes, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw toIndexError(error);
  }
}

/** SQLite says in many ways that a file is no database, or a damaged one. */
export function toIndexError(error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  // https://www.sqlite.org/rescode.html: busy, locked, out of memory, read-only, input or output, full, cannot open.
  if (code === undefined || [5, 6, 7, 8, 10, 13, 14].includes(code)) return error;
  return new IndexError(`it is damaged (SQLite: ${(error as Error).message})`, { cause: error });
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

export function removeIndexFile({ path }: Pick<IndexPlace, 'path'>): void {
  for (const each of [path, `${path}-journal`]) rmSync(each, { force: true });
}

function prepare(db: DatabaseSync, { folder }: IndexPlace, changes: () => number): void {
  // Rows are long. The journal stays, empty: no file is made or removed for each change.
  db.exec(
    'PRAGMA page_size = 16384; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL; PRAGMA cache_spill = OFF',
  );
  if (pragma(db, 'application_id') !== 0 || db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) return;
  const origin = originOf(folder);
  db.exec('BEGIN IMMEDIATE');
  try {
    if (db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) {
      db.exec(`${TABLES} PRAGMA user_version = ${VERSION}; PRAGMA application_id = ${APPLICATION_ID}`);
      db.prepare('INSERT INTO about VALUES (1, ?, 0, ?)').run(origin, changes() + 1);
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** @throws IndexError */
export function check({ db, place, changes }: Pick<IndexFile, 'db' | 'place' | 'changes'>): void {
  atOnce(db, () => {
    if (pragma(db, 'application_id') !== APPLICATION_ID) throw new IndexError('it is no index of ours');
    const version = pragma(db, 'user_version');
    if (version !== VERSION) throw new IndexError(`it is of another version (${version}, not ${VERSION})`);
    if (schemaOf(db) !== ours()) throw new IndexError('it has other tables than it should have');
    const about = db.prepare('SELECT * FROM about').get();
    if (about?.['changes'] !== changes()) throw new IndexError('somebody has changed it');
    if (about['origin'] !== originOf(place.folder)) throw new IndexError('it is of another log');
    const blocks = Number(about['blocks']);
    // No more kinds of uses than entries, whatever somebody has put there.
    const sum = db.prepare('SELECT coalesce(sum(count), 0) AS count FROM (SELECT count FROM counts LIMIT ?)');
    const { count } = sum.get(blocks * TILE_WIDTH + 1) ?? {};
    if (count !== blocks * TILE_WIDTH) throw new IndexError('it has not counted as many entries as it has');
    for (const block of blocks === 0 ? [] : new Set([0, blocks - 1])) checkBlock(db, place.folder, block);
  });
}

/** As of one moment, whoever writes meanwhile. */
export function atOnce<T>(db: DatabaseSync, read: () => T): T {
  if (db.isTransaction) return read();
  db.exec('BEGIN');
  try {
    return read();
  } finally {
    if (db.isTransaction) db.exec('COMMIT');
  }
}

function checkBlock(db: DatabaseSync, folder: string, block: number): void {
  const path = join(folder, tilePath('entries', block));
  const sum = new SegmentReader(db).of(block).bundle(block).sum;
  if (!existsSync(path)) throw new IndexError('it has entries that the log has not');
  if (sum !== crc32(readFileSync(path))) throw new IndexError('it does not match the log');
}

/** What the log is called: in its checkpoint, or before there is one in its journal. @throws IndexError */
export function originOf(folder: string): string {
  const checkpoint = join(folder, 'checkpoint');
  try {
    if (existsSync(checkpoint)) return parseCheckpoint(readFileSync(checkpoint, 'utf8')).checkpoint.origin;
    const journal = join(folder, JOURNAL);
    const first =
      readdirSync(journal)
        .filter((name) => SEGMENT_NAME.test(name))
        .sort()[0] ?? '';
    const header = decodeSegmentHeader(readFileSync(join(journal, first)))?.header;
    if (header !== undefined) return header.origin;
  } catch (cause) {
    throw new IndexError(`the log in ${folder} does not say what it is called`, { cause });
  }
  throw new IndexError(`the log in ${folder} does not say what it is called`);
}

/** What tells facets from others. */
export function facetsText(facets: UseFacets): string {
  return JSON.stringify(facets);
}

/** @param row with `hash` and `said` @throws IndexError when they are not what they were */
export function readFacets({ hash: digest, said }: Readonly<Record<string, unknown>>): UseFacets {
  const isWhole = digest instanceof Uint8Array && typeof said === 'string' && rowHash(said).equals(digest);
  if (!isWhole) throw new IndexError('a part of it was changed');
  return JSON.parse(said) as UseFacets;
}

function schemaOf(db: DatabaseSync): unknown {
  return db
    .prepare('SELECT json_group_array(json_array(type, name, sql) ORDER BY name) AS made FROM sqlite_schema')
    .get()?.['made'];
}

let made: unknown;

function ours(): unknown {
  if (made !== undefined) return made;
  using model = new DatabaseSync(':memory:');
  model.exec(TABLES);
  made = schemaOf(model);
  return made;
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
