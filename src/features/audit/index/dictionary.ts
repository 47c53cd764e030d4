// A list in an index that only grows: its records are numbered from 0, each is there once, and all of them are read from end to end. They
// lie together in chunks, of which the last is written anew as it grows; out of a row for each they would be read ten times as slowly.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { bytesOf, IndexError, numbersIn, rowHash, sealed, unsealed } from './sealed.ts';

export type DictionaryName = 'words' | 'kinds';

const CHUNK = 32 * 1024;
/** With the longest record at its end, of an entry that is all bytes that are no UTF-8, and where its records end. */
const LONGEST_CHUNK = 512 * 1024;

export interface Chunk {
  /** Number of its first record, and of the one after its last. */
  readonly first: number;
  readonly next: number;
  /** Where in `bytes` each ends; where it ends the next begins. */
  readonly ends: Uint32Array;
  readonly bytes: Buffer;
}

export class DictionaryReader {
  readonly #name: DictionaryName;
  readonly #read: StatementSync;
  readonly #find: StatementSync;

  constructor(db: DatabaseSync, name: DictionaryName) {
    this.#name = name;
    this.#read = db.prepare(`SELECT first, records FROM ${name} WHERE first <= ? ORDER BY first DESC LIMIT 1`);
    this.#find = db.prepare(`SELECT id FROM ${name}_by_hash WHERE hash = ?`);
  }

  idOf(record: string | Uint8Array): number | undefined {
    const id = this.#find.get(rowHash(record))?.['id'];
    return id === undefined ? undefined : Number(id);
  }

  /** The chunk that this record is in. @throws IndexError */
  chunk(record: number): Chunk {
    const found = this.#chunkOf(record);
    if (found === undefined || found.next <= record) throw new IndexError('a part of it is missing');
    return found;
  }

  /** Undefined: it is empty. @throws IndexError */
  last(): Chunk | undefined {
    return this.#chunkOf(Number.MAX_SAFE_INTEGER);
  }

  #chunkOf(record: number): Chunk | undefined {
    const row = this.#read.get(record);
    if (row === undefined) return undefined;
    const first = Number(row['first']);
    const all = unsealed(row['records'], `${this.#name} ${first}`);
    const count = all.length < 4 ? 0 : all.readUInt32LE(0);
    if (all.length < 4 + 4 * count) throw new IndexError('a part of it is damaged');
    const ends = numbersIn(Uint32Array, all.subarray(4, 4 + 4 * count));
    const bytes = all.subarray(4 + 4 * count);
    // A checksum is nobody's signature: what does not hold together would be read without end.
    const unit = this.#name === 'kinds' ? 4 : 1;
    let before = 0;
    let areWhole = all.length <= LONGEST_CHUNK && ends.at(-1) === bytes.length;
    for (let i = 0; i < ends.length && areWhole; i++) {
      const end = ends[i] ?? 0;
      areWhole = end >= before && end % unit === 0;
      before = end;
    }
    if (!areWhole) throw new IndexError('a part of it is damaged');
    return { first, next: first + count, ends, bytes };
  }
}

export class DictionaryWriter {
  readonly #name: DictionaryName;
  readonly #reader: DictionaryReader;
  readonly #put: StatementSync;
  readonly #putHash: StatementSync;
  #first = 0;
  #records: Uint8Array[] = [];
  #length = 0;
  #hasMore = false;

  constructor(db: DatabaseSync, name: DictionaryName) {
    this.#name = name;
    this.#reader = new DictionaryReader(db, name);
    this.#put = db.prepare(`INSERT OR REPLACE INTO ${name} VALUES (?, ?)`);
    this.#putHash = db.prepare(`INSERT INTO ${name}_by_hash VALUES (?, ?)`);
  }

  /** Goes on from what the file has. */
  restart(): void {
    const { first = 0, ends = new Uint32Array(), bytes = Buffer.alloc(0) } = this.#reader.last() ?? {};
    this.#first = first;
    this.#records = Array.from(ends, (end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
    this.#length = bytes.length;
    this.#hasMore = false;
  }

  /** The number that it has, or gets. */
  idOf(record: Uint8Array): number {
    const found = this.#reader.idOf(record);
    if (found !== undefined) return found;
    if (this.#length >= CHUNK) {
      this.write();
      this.#first += this.#records.length;
      this.#records = [];
      this.#length = 0;
    }
    const id = this.#first + this.#records.length;
    this.#putHash.run(rowHash(record), id);
    this.#records.push(record);
    this.#length += record.length;
    this.#hasMore = true;
    return id;
  }

  /** To be called before what refers to its records is committed. */
  write(): void {
    if (!this.#hasMore) return;
    let end = 0;
    const ends = Uint32Array.from(this.#records, (record) => (end += record.length));
    const chunk = Buffer.concat([bytesOf(new Uint32Array([ends.length])), bytesOf(ends), ...this.#records]);
    this.#put.run(this.#first, sealed(chunk, `${this.#name} ${this.#first}`));
    this.#hasMore = false;
  }
}
