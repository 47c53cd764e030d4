// The file of an index: its tables, and whether a file is one of ours, of this log, and as we left it. It is made from the log alone and
// holds nothing that the log has not, so one that is wrong in any way is made anew and never mended.
import { hash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isGuid } from '../../../formats/guid.ts';
import { decodeSegmentHeader, JOURNAL, SEGMENT_NAME } from '../../../formats/journal-format.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import { TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import type { Facets, UseFacets } from './indexed-entry.ts';

/** The index is not to be used; says why. */
export class IndexError extends Error {
  override readonly name = 'IndexError';
}

/** 'STRX' */
const APPLICATION_ID = 0x53545258;
/** Goes up when tables, or what is put into them, change. */
const VERSION = 2;

// `facets` are few, whatever the log holds, and so are texts without what each request has of its own. Each block is a bundle of the
// log: for each of its entries the rows of both. A search reads blocks from end to end, 2 KiB for 256 entries, which takes less than
// the many B-trees would that it needed otherwise. Ids have 32 bits in `ids`: where one is found the log says whether it is that one.
// `uses` are fewer still: refused calls, which name what they like, have none by name. `changed`: with which bundle, counted from 1.
const TABLES = `
  CREATE TABLE about (
    one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, blocks INTEGER NOT NULL, changes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE facets (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, said TEXT NOT NULL, caller TEXT NOT NULL, application TEXT NOT NULL,
    user TEXT NOT NULL, operation TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL, scope TEXT NOT NULL,
    outcome TEXT NOT NULL, status INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE uses (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, said TEXT NOT NULL, count INTEGER NOT NULL, first INTEGER,
    last INTEGER, changed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE days (
    day INTEGER NOT NULL, use INTEGER NOT NULL, count INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (day, use)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE texts (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, text BLOB NOT NULL) STRICT;
  CREATE TABLE blocks (
    id INTEGER PRIMARY KEY, first INTEGER, last INTEGER, bundle INTEGER NOT NULL, sum INTEGER NOT NULL, entries BLOB NOT NULL
  ) STRICT;
  CREATE TABLE ids (block INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;`;

/** Columns that facets are looked for by, folded; `said` has all of them as the entry does. */
export const FACETS = [
  'caller',
  'application',
  'user',
  'operation',
  'key',
  'version',
  'scope',
  'outcome',
  'status',
] as const;

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
  return { path: join(indexes, `${id}.db`), folder };
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
  // SQLite gives its files the mode of the first, and makes that as the umask says.
  if (!readOnly && !existsSync(place.path)) closeSync(openSync(place.path, 'a', 0o600));
  const db = new DatabaseSync(place.path, {
    readOnly,
    timeout: readOnly ? 100 : 2_000,
    allowExtension: false,
    defensive: true,
    limits: { attach: 0 },
  });
  // Opened before SQLite locks anything, and closed after: closing a file gives up all locks of the process on it.
  const descriptor = openSync(place.path, 'r');
  const changes = (): number => {
    const counter = Buffer.alloc(4);
    readSync(descriptor, counter, 0, 4, 24);
    return counter.readUInt32BE();
  };
  const close = (): void => {
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
  // Rows of blocks are 2 KiB. The journal stays, empty: no file is made or removed for each change.
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
  const isWithin = db.isTransaction;
  if (!isWithin) db.exec('BEGIN');
  try {
    if (pragma(db, 'application_id') !== APPLICATION_ID) throw new IndexError('it is no index of ours');
    const version = pragma(db, 'user_version');
    if (version !== VERSION) throw new IndexError(`it is of another version (${version}, not ${VERSION})`);
    if (schemaOf(db) !== ours()) throw new IndexError('it has other tables than it should have');
    const about = db.prepare('SELECT * FROM about').get();
    if (about?.['changes'] !== changes()) throw new IndexError('somebody has changed it');
    if (about['origin'] !== originOf(place.folder)) throw new IndexError('it is of another log');
    const blocks = Number(about['blocks']);
    const { count } = db.prepare('SELECT coalesce(sum(count), 0) AS count FROM uses').get() ?? {};
    if (count !== blocks * TILE_WIDTH) throw new IndexError('it has not counted as many entries as it has');
    for (const block of blocks === 0 ? [] : new Set([0, blocks - 1])) checkBlock(db, place.folder, block);
  } finally {
    if (!isWithin && db.isTransaction) db.exec('COMMIT');
  }
}

function checkBlock(db: DatabaseSync, folder: string, block: number): void {
  const path = join(folder, tilePath('entries', block));
  const bundle = db.prepare('SELECT bundle FROM blocks WHERE id = ?').get(block)?.['bundle'];
  if (bundle === undefined) throw new IndexError('a part of it is missing');
  if (!existsSync(path)) throw new IndexError('it has entries that the log has not');
  if (bundle !== crc32(readFileSync(path))) throw new IndexError('it does not match the log');
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

/** @param blob what the block has @returns 32 bits over all of it */
export function blockSum(
  block: Readonly<Record<'id' | 'first' | 'last' | 'bundle', unknown>>,
  blob: Uint8Array,
): number {
  return crc32(`${block.id} ${block.first} ${block.last} ${block.bundle}`, crc32(blob));
}

/** What tells facets from others. */
export function facetsText(facets: Facets | UseFacets): string {
  return JSON.stringify(facets);
}

/** @param row with `hash` and `said` @throws IndexError when they are not what they were */
export function readFacets<F extends UseFacets = Facets>({ hash: digest, said }: Readonly<Record<string, unknown>>): F {
  const isWhole = digest instanceof Uint8Array && typeof said === 'string' && rowHash(said).equals(digest);
  if (!isWhole) throw new IndexError('a part of it was changed');
  return JSON.parse(said) as F;
}

/** What a row of a dictionary is found by. */
export function rowHash(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 16);
}

/** Numbers with a checksum behind them. */
export function sealed(numbers: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return Buffer.concat([bytes, new Uint8Array(new Uint32Array([crc32(bytes)]).buffer)]);
}

/** @throws IndexError */
export function unsealed(bytes: unknown): Uint32Array {
  if (bytes instanceof Uint8Array && bytes.length >= 4 && bytes.length % 4 === 0) {
    const all = new Uint32Array(bytes.slice().buffer);
    const numbers = all.subarray(0, -1);
    if (crc32(bytes.subarray(0, -4)) === all.at(-1)) return numbers;
  }
  throw new IndexError('a part of it is damaged');
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
