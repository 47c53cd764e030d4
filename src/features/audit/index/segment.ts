// Which entry is of which kind, and where each id stands: a segment for each bundle of the log, and in its place one for 256 bundles once
// they are all there. What a segment has at all is read first, so most are passed over; an id is in one of as many places as the segment
// has bundles, so one of them is read.
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { TILE_WIDTH } from '../../../formats/tlog-tiles.ts';
import { bytesOf, IndexError, numbersIn, sealed, unsealed } from './sealed.ts';

/** Bundles of a full segment: an id's place has eight bits for which of them it is in. */
const WIDTH = 256;

export interface Bundle {
  /** CRC-32 of the log's bytes. */
  readonly sum: number;
  /** Times of its oldest and newest entry; NaN: none has one. */
  readonly first: number;
  readonly last: number;
}

export interface Segment {
  /** The first of its bundles, and how many it has. */
  readonly first: number;
  readonly width: number;
  bundle(block: number): Bundle;
  /** Of its entries, each once. */
  kinds(): Uint32Array;
  /** For each of its entries the number of its kind among `kinds`. */
  entries(): Uint16Array;
}

export class SegmentReader {
  readonly #read;
  readonly #kinds;
  readonly #entries;
  readonly #ids;

  constructor(db: DatabaseSync) {
    this.#read = db.prepare('SELECT first, width, bundles FROM segments WHERE first <= ? ORDER BY first DESC LIMIT 1');
    this.#kinds = db.prepare('SELECT kinds AS read FROM segments WHERE first = ?');
    this.#entries = db.prepare('SELECT entries AS read FROM segments WHERE first = ?');
    this.#ids = db.prepare('SELECT hashes FROM ids WHERE place = ?');
  }

  /** What is read of it must be read before others can write. @throws IndexError */
  of(block: number): Segment {
    const row = this.#read.get(block) ?? {};
    const [first, width] = [Number(row['first']), Number(row['width'])];
    if (!(block < first + width)) throw new IndexError('a part of it is missing');
    const bundles = numbersIn(Float64Array, unsealed(row['bundles'], `bundles ${first} ${width}`));
    if (width > WIDTH || bundles.length !== 3 * width) throw new IndexError('a part of it is damaged');
    return {
      first,
      width,
      bundle: (at) => {
        const [sum = Number.NaN, oldest = Number.NaN, newest = Number.NaN] = bundles.subarray(3 * (at - first));
        return { sum, first: oldest, last: newest };
      },
      kinds: () => numbersIn(Uint32Array, unsealed(this.#kinds.get(first)?.['read'], `kinds ${first} ${width}`)),
      entries: () => numbersIn(Uint16Array, unsealed(this.#entries.get(first)?.['read'], `entries ${first} ${width}`)),
    };
  }

  /** Hashes whose place this is, with the bundle in the low eight bits. @throws IndexError */
  ids(place: number): Uint32Array {
    return numbersIn(Uint32Array, unsealed(this.#ids.get(place)?.['hashes'], `ids ${place}`));
  }

  /** Bundles of a segment that may have this id: 24 bits are compared. @throws IndexError */
  having({ first, width }: Segment, id: string): readonly number[] {
    const wanted = idHash(id);
    const found = this.ids(first + placeOf(wanted, width)).filter((each) => idHashOf(each) === wanted);
    return [...new Set(Array.from(found, (each) => first + bundleOf(each)))];
  }
}

export class SegmentWriter {
  readonly #reader: SegmentReader;
  readonly #put;
  readonly #putIds;
  readonly #removeAfter;

  constructor(db: DatabaseSync) {
    this.#reader = new SegmentReader(db);
    this.#put = db.prepare('INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?)');
    this.#putIds = db.prepare('INSERT OR REPLACE INTO ids VALUES (?, ?)');
    this.#removeAfter = db.prepare('DELETE FROM segments WHERE first > ?');
  }

  /** @param block the one after the last that was added @param kinds of its entries */
  add(block: number, { sum, first, last }: Bundle, kinds: Uint32Array, ids: Iterable<string>): void {
    this.#write(block, 1, Float64Array.of(sum, first, last), kinds);
    this.#writeIds(block, new Set(Iterator.from(ids).map(idHash)));
    if ((block + 1) % WIDTH === 0) this.#merge(block + 1 - WIDTH);
  }

  #merge(first: number): void {
    const bundles = new Float64Array(3 * WIDTH);
    const kinds = new Uint32Array(WIDTH * TILE_WIDTH);
    const ids = Array.from({ length: WIDTH }, (): number[] => []);
    for (let i = 0; i < WIDTH; i++) {
      const part = this.#reader.of(first + i);
      const { sum, first: oldest, last } = part.bundle(first + i);
      const ofPart = part.kinds();
      bundles.set([sum, oldest, last], 3 * i);
      for (const [at, kind] of part.entries().entries()) kinds[i * TILE_WIDTH + at] = ofPart[kind] ?? 0;
      for (const hash of this.#reader.ids(first + i)) ids[placeOf(hash, WIDTH)]?.push(hash + i);
    }
    this.#removeAfter.run(first);
    this.#write(first, WIDTH, bundles, kinds);
    for (const [place, hashes] of ids.entries()) this.#writeIds(first + place, hashes);
  }

  #write(first: number, width: number, bundles: Float64Array, kinds: Uint32Array): void {
    const numbers = new Map<number, number>();
    const entries = Uint16Array.from(kinds, (kind) => numbers.getOrInsert(kind, numbers.size));
    const columns = { bundles, kinds: new Uint32Array(numbers.keys()), entries };
    const values = Object.entries(columns).map(([name, all]) => sealed(bytesOf(all), `${name} ${first} ${width}`));
    this.#put.run(first, width, ...values);
  }

  #writeIds(place: number, hashes: Iterable<number>): void {
    this.#putIds.run(place, sealed(bytesOf(new Uint32Array(hashes)), `ids ${place}`));
  }
}

function idHash(id: string): number {
  return idHashOf(crc32(id));
}

function idHashOf(hashAndBundle: number): number {
  return (hashAndBundle & 0xffffff00) >>> 0;
}

function bundleOf(hashAndBundle: number): number {
  return hashAndBundle & 0xff;
}

function placeOf(hash: number, width: number): number {
  return (hash >>> 8) % width;
}
