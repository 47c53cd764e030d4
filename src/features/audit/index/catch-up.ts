// Brings an index up to the log's newest whole bundle, a bit at a time: what was read and how far it has been read are one commit, so
// a count is exact wherever a process ends. Whoever may write the file may do it; several at once take turns.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { makePrivateFolder } from '../../../files/private-folder.ts';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import { DictionaryWriter } from './dictionary.ts';
import { entryReader } from './entry-reader.ts';
import { kindOf } from './fitting.ts';
import {
  check,
  facetsText,
  type IndexFile,
  type IndexPlace,
  openIndexFile,
  removeIndexFile,
  toIndexError,
} from './index-file.ts';
import { useFacets } from './indexed-entry.ts';
import { IndexError, rowHash } from './sealed.ts';
import { SegmentWriter } from './segment.ts';
import { DAY_MS } from './usage.ts';

/** Of what was seen lately, its number: most entries are like others. */
const MOST_KNOWN = 20_000;
const LONGEST_KNOWN = 2048;

export interface IndexWriter extends Disposable {
  /**
   * Reads on for so many milliseconds, all of it without a pause, and commits.
   * @returns whether the log has more whole bundles @throws Error of SQLite, as when another writes for too long
   */
  step(forMs: number): boolean;
  /** Entries in the index. */
  readonly position: number;
}

/** @param tell why an index that was there is made anew */
export function openIndexWriter(place: IndexPlace, tell: (what: string) => void): IndexWriter {
  makePrivateFolder(dirname(place.path));
  let file = open(place, tell);
  let writing = writerOf(file);
  const renew = (): void => {
    file[Symbol.dispose]();
    file = open(place, tell);
    writing = writerOf(file);
  };
  return {
    get position() {
      return file.entries();
    },
    step(forMs) {
      // Another process may have thrown it away.
      if (!isStill(file)) renew();
      try {
        return writing(forMs);
      } catch (error) {
        const reason = toIndexError(error);
        if (!(reason instanceof IndexError)) throw reason;
        tell(reason.message);
        removeIndexFile(place);
        renew();
        return true;
      }
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function open(place: IndexPlace, tell: (what: string) => void): IndexFile {
  try {
    return openIndexFile(place, false);
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    tell(error.message);
    removeIndexFile(place);
    return openIndexFile(place, false);
  }
}

const inodes = new WeakMap<IndexFile, bigint>();

function isStill(file: IndexFile): boolean {
  const now = statSync(file.place.path, { bigint: true, throwIfNoEntry: false })?.ino;
  return now !== undefined && now === inodes.getOrInsert(file, now);
}

function writerOf(file: IndexFile): (forMs: number) => boolean {
  const { db, place, changes } = file;
  isStill(file);
  const words = new DictionaryWriter(db, 'words');
  const kinds = new DictionaryWriter(db, 'kinds');
  const segments = new SegmentWriter(db);
  const wordOf = known((word) => words.idOf(Buffer.from(word)));
  const findUse = db.prepare('SELECT id FROM uses WHERE hash = ?');
  const putUse = db.prepare('INSERT INTO uses SELECT coalesce(max(id) + 1, 0), ?, ? FROM uses RETURNING id');
  const putCount = db.prepare('INSERT INTO counts VALUES (?, 0, NULL, NULL, 0)');
  const useOf = known((said) => {
    const digest = rowHash(said);
    const found = findUse.get(digest)?.['id'];
    if (found !== undefined) return Number(found);
    const id = Number(putUse.get(digest, said)?.['id']);
    putCount.run(id);
    return id;
  });
  const read = entryReader(
    ({ facets, text }) => ({
      kind: kinds.idOf(kindOf(facets, text, wordOf)),
      use: useOf(facetsText(useFacets(facets))),
    }),
    MOST_KNOWN,
  );
  const count = db.prepare(
    `UPDATE counts SET count = count + ?1, first = coalesce(min(coalesce(first, ?2), ?2), first),
      last = coalesce(max(coalesce(last, ?3), ?3), last), changed = ?4 WHERE use = ?5`,
  );
  const countDay = db.prepare(
    `INSERT INTO days VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = count + excluded.count, changed = excluded.changed`,
  );
  const move = db.prepare('UPDATE about SET blocks = ?, changes = ?');
  let seen = -1;

  function readOn(forMs: number): boolean {
    const until = performance.now() + forMs;
    const tallies = new Map<number, Tally>();
    const days = new Map<string, number>();
    const first = file.blocks();
    let block = first;
    let more = true;
    do {
      const path = join(place.folder, tilePath('entries', block));
      more = existsSync(path);
      if (!more) break;
      putBundle(block, readFileSync(path), tallies, days);
      block += 1;
    } while (performance.now() < until);
    if (block === first) return false;
    words.write();
    kinds.write();
    for (const [id, tally] of tallies) count.run(tally.count, tally.first ?? null, tally.last ?? null, block, id);
    for (const [dayAndId, times] of days) {
      const [day = '', id = ''] = dayAndId.split(' ');
      countDay.run(Number(day), Number(id), times, block);
    }
    move.run(block, changes() + 1);
    return more;
  }

  function putBundle(block: number, bytes: Buffer, tallies: Map<number, Tally>, days: Map<string, number>): void {
    const { entries, end } = bundleEntries(bytes);
    if (entries.length !== TILE_WIDTH || end !== bytes.length) {
      throw new Error(`the log's bundle ${block} is not whole; run audit verify`);
    }
    const ofEntries = new Uint32Array(TILE_WIDTH);
    const ids: string[] = [];
    const times = newTally();
    for (const [i, { entry }] of entries.entries()) {
      const { of, time, ids: own } = read(entry);
      const { kind, use } = of;
      ofEntries[i] = kind;
      ids.push(...own);
      add(times, time);
      add(tallies.getOrInsertComputed(use, newTally), time);
      if (Number.isNaN(time)) continue;
      const day = `${Math.floor(time / DAY_MS)} ${use}`;
      days.set(day, (days.get(day) ?? 0) + 1);
    }
    const { first = Number.NaN, last = Number.NaN } = times;
    segments.add(block, { sum: crc32(bytes), first, last }, ofEntries, ids);
  }

  return (forMs) => {
    db.exec('BEGIN IMMEDIATE');
    try {
      // Another process has written, or somebody has changed it: then what is known of its records is forgotten.
      if (changes() !== seen) {
        check(file);
        for (const each of [words, kinds]) each.restart();
        for (const each of [wordOf, useOf, read]) each.forget();
      }
      const more = readOn(forMs);
      db.exec('COMMIT');
      seen = changes();
      return more;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      seen = -1;
      throw error;
    }
  };
}

/** Remembers what it was asked lately. */
function known<T>(find: (key: string) => T) {
  const found = new Map<string, T>();
  const ask = (key: string): T => {
    const at = found.get(key);
    if (at !== undefined) return at;
    const value = find(key);
    if (found.size >= MOST_KNOWN) found.clear();
    if (key.length <= LONGEST_KNOWN) found.set(key, value);
    return value;
  };
  return Object.assign(ask, { forget: () => found.clear() });
}

interface Tally {
  count: number;
  first: number | undefined;
  last: number | undefined;
}

function newTally(): Tally {
  return { count: 0, first: undefined, last: undefined };
}

function add(tally: Tally, time: number): void {
  tally.count += 1;
  if (Number.isNaN(time)) return;
  tally.first = Math.min(tally.first ?? time, time);
  tally.last = Math.max(tally.last ?? time, time);
}
