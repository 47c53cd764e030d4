// Brings an index up to the log's newest whole bundle, a bit at a time: what was read and how far it has been read are one commit, so
// a count is exact wherever a process ends. Whoever may write the file may do it; several at once take turns.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { makePrivateFolder } from '../../../files/private-folder.ts';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import {
  blockSum,
  check,
  FACETS,
  facetsText,
  IndexError,
  type IndexFile,
  type IndexPlace,
  openIndexFile,
  removeIndexFile,
  rowHash,
  sealed,
  toIndexError,
} from './index-file.ts';
import { type Facets, folded, indexedEntry, useFacets } from './indexed-entry.ts';
import { DAY_MS } from './usage.ts';

/** Of what was seen lately, its row: most entries are like others. */
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
  const facets = dictionary(
    db.prepare('SELECT id FROM facets WHERE hash = ?'),
    db.prepare(`INSERT INTO facets VALUES (${Array(12).fill('?').join(', ')})`),
  );
  const texts = dictionary(
    db.prepare('SELECT id FROM texts WHERE hash = ?'),
    db.prepare('INSERT INTO texts VALUES (?, ?, ?)'),
  );
  const uses = dictionary(
    db.prepare('SELECT id FROM uses WHERE hash = ?'),
    db.prepare('INSERT INTO uses VALUES (?, ?, ?, 0, NULL, NULL, 0)'),
  );
  /** By rows of facets. */
  const useOf = new Map<number, number>();
  const count = db.prepare(
    `UPDATE uses SET count = count + ?1, first = coalesce(min(coalesce(first, ?2), ?2), first),
      last = coalesce(max(coalesce(last, ?3), ?3), last), changed = ?4 WHERE id = ?5`,
  );
  const countDay = db.prepare(
    `INSERT INTO days VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = count + excluded.count, changed = excluded.changed`,
  );
  const putBlock = db.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)');
  const putIds = db.prepare('INSERT INTO ids VALUES (?, ?)');
  const sizes = db.prepare(
    `SELECT (SELECT coalesce(max(id) + 1, 0) FROM facets) AS facets, (SELECT coalesce(max(id) + 1, 0) FROM texts) AS texts,
      (SELECT coalesce(max(id) + 1, 0) FROM uses) AS uses`,
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
    const rows = new Uint32Array(2 * TILE_WIDTH);
    const hashes = new Set<number>();
    const times = newTally();
    if (useOf.size >= MOST_KNOWN) useOf.clear();
    for (const [i, { entry }] of entries.entries()) {
      const read = indexedEntry(entry);
      const of = facets.idOf(facetsText(read.facets), () => valuesOf(read.facets));
      rows[i] = of;
      rows[TILE_WIDTH + i] = texts.idOf(read.text, () => [Buffer.from(read.text)]);
      for (const id of read.ids) hashes.add(crc32(id));
      add(times, read.time);
      const use = useOf.getOrInsertComputed(of, () => {
        const used = facetsText(useFacets(read.facets));
        return uses.idOf(used, () => [used]);
      });
      add(tallies.getOrInsertComputed(use, newTally), read.time);
      if (Number.isNaN(read.time)) continue;
      const day = `${Math.floor(read.time / DAY_MS)} ${use}`;
      days.set(day, (days.get(day) ?? 0) + 1);
    }
    const row = { id: block, first: times.first ?? null, last: times.last ?? null, bundle: crc32(bytes) };
    const blob = new Uint8Array(rows.buffer);
    putBlock.run(row.id, row.first, row.last, row.bundle, blockSum(row, blob), blob);
    putIds.run(block, sealed(new Uint32Array([...hashes])));
  }

  return (forMs) => {
    db.exec('BEGIN IMMEDIATE');
    try {
      // Another process has written, or somebody has changed it: then what is known of its rows is forgotten.
      if (changes() !== seen) {
        check(file);
        const next = sizes.get() ?? {};
        facets.restart(Number(next['facets']));
        texts.restart(Number(next['texts']));
        uses.restart(Number(next['uses']));
        useOf.clear();
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

/** Rows by what they hold. @param find by the first half of its SHA-256 */
function dictionary(find: StatementSync, put: StatementSync) {
  const known = new Map<string, number>();
  let next = 0;
  return {
    /** @param rows that there are */
    restart(rows: number): void {
      known.clear();
      next = rows;
    },
    idOf(text: string, values: () => readonly SQLInputValue[]): number {
      const at = known.get(text);
      if (at !== undefined) return at;
      const digest = rowHash(text);
      const found = find.get(digest)?.['id'];
      const id = found === undefined ? next++ : Number(found);
      if (found === undefined) put.run(id, digest, ...values());
      if (known.size >= MOST_KNOWN) known.clear();
      if (text.length <= LONGEST_KNOWN) known.set(text, id);
      return id;
    },
  };
}

function valuesOf(facets: Facets): readonly SQLInputValue[] {
  const columns = FACETS.map((name) => (typeof facets[name] === 'string' ? folded(facets[name]) : facets[name]));
  return [facetsText(facets), ...columns];
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
