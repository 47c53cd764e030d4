// Searches a log: of what is indexed, the entries that the index proposes; all of what is not. Each is read from the log itself and
// judged there, so nothing is shown that is not so. It goes in steps, between which others get their turn.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import { openEntries } from '../read-entries.ts';
import type { Matcher } from './filter.ts';
import { blockSum, FACETS, facetsText, IndexError, type IndexFile, rowHash, unsealed } from './index-file.ts';
import { type Facets, indexedEntry } from './indexed-entry.ts';

export interface Hit {
  readonly index: number;
  /** UTF-8 of the JSON. */
  readonly bytes: Buffer;
}

export interface Step {
  /** In the order of the search. */
  readonly hits: readonly Hit[];
  /** Entries that were read from the log for them. */
  readonly read: number;
}

export interface SearchRange {
  readonly order: 'newest' | 'oldest';
  /** Entries from this index on. */
  readonly from?: number;
  /** Before this index. */
  readonly before?: number;
}

/** Rows that are looked at without a pause: 2 to 4 ms. */
const ROWS_AT_ONCE = 4_096;
const BLOCKS_AT_ONCE = 512;

/**
 * @param index absent: there is none, and every entry is read
 * @throws IndexError when the index says what the log does not @throws Error of SQLite
 */
export async function* searchLog(
  folder: string,
  index: IndexFile | undefined,
  matcher: Matcher,
  { order, from = 0, before = Number.POSITIVE_INFINITY }: SearchRange,
): AsyncGenerator<Step> {
  // The index first: what comes meanwhile is behind its end, and so in the log's part.
  const indexed = (index?.blocks() ?? 0) * TILE_WIDTH;
  const log = openEntries(folder);
  if (indexed > log.size) throw new IndexError('it has entries that the log has not');
  const end = Math.min(before, log.size);
  const behind = { from: Math.max(from, indexed), before: end };
  const within = { from, before: Math.min(end, indexed) };
  if (order === 'newest') yield* searchEntries(log, matcher, behind, order);
  if (index !== undefined && within.from < within.before) yield* searchBlocks(index, matcher, within, order);
  if (order === 'oldest') yield* searchEntries(log, matcher, behind, order);
}

interface Range {
  readonly from: number;
  readonly before: number;
}

/** What no index has. */
async function* searchEntries(
  log: ReturnType<typeof openEntries>,
  matcher: Matcher,
  { from, before }: Range,
  order: SearchRange['order'],
): AsyncGenerator<Step> {
  if (from >= before) return;
  const judged = (entries: readonly Hit[]): Step => ({
    hits: entries.filter(({ bytes }) => matcher.matches(indexedEntry(bytes))),
    read: entries.length,
  });
  if (order === 'newest') {
    for await (const entries of log.backwards(before)) {
      yield judged(entries.filter((entry) => entry.index >= from));
      if ((entries.at(-1)?.index ?? 0) <= from) return;
    }
    return;
  }
  let some: Hit[] = [];
  for (const { index, text } of log.from(from)) {
    if (index >= before) break;
    some.push({ index, bytes: Buffer.from(text) });
    if (some.length < TILE_WIDTH) continue;
    yield judged(some);
    some = [];
    await setImmediate();
  }
  yield judged(some);
}

async function* searchBlocks(
  index: IndexFile,
  matcher: Matcher,
  { from, before }: Range,
  order: SearchRange['order'],
): AsyncGenerator<Step> {
  const { db, place } = index;
  const facets = matcher.isOfFacets ? await fittingFacets(index, matcher) : undefined;
  const texts = matcher.text === undefined ? undefined : await fittingTexts(index, matcher.text);
  const idHash = matcher.text === undefined ? undefined : crc32(matcher.text);
  const read = db.prepare(
    `SELECT blocks.*, ${idHash === undefined ? 'NULL' : 'hashes'} AS hashes FROM blocks
     ${idHash === undefined ? '' : 'LEFT JOIN ids ON ids.block = blocks.id'}
     WHERE id BETWEEN ? AND ? ORDER BY id ${order === 'newest' ? 'DESC' : 'ASC'}`,
  );
  const first = Math.floor(from / TILE_WIDTH);
  const last = Math.ceil(before / TILE_WIDTH) - 1;
  for (let done = 0; done <= last - first; done += BLOCKS_AT_ONCE) {
    const low = order === 'newest' ? Math.max(first, last - done - BLOCKS_AT_ONCE + 1) : first + done;
    const high = order === 'newest' ? last - done : Math.min(last, first + done + BLOCKS_AT_ONCE - 1);
    const wanted: { readonly block: number; readonly bundle: unknown; readonly entries: readonly Proposed[] }[] = [];
    let seen = 0;
    for (const row of read.iterate(low, high)) {
      seen += 1;
      const { id, first: oldest, last: newest, bundle, sum, entries: blob } = row;
      if (!(blob instanceof Uint8Array) || blockSum(row as Parameters<typeof blockSum>[0], blob) !== sum) {
        throw new IndexError('a part of it is damaged');
      }
      if (matcher.timed && (oldest === null || Number(newest) < matcher.since || Number(oldest) >= matcher.until))
        continue;
      const rows = new Uint32Array(blob.slice().buffer);
      const anyId = idHash !== undefined && unsealed(row['hashes']).includes(idHash);
      const proposed: Proposed[] = [];
      for (let i = 0; i < TILE_WIDTH; i++) {
        if (facets !== undefined && facets[rows[i] ?? 0] !== 1) continue;
        const hasText = texts === undefined || texts[rows[TILE_WIDTH + i] ?? 0] === 1;
        const at = Number(id) * TILE_WIDTH + i;
        if ((hasText || anyId) && at >= from && at < before) proposed.push({ index: at, hasText });
      }
      if (proposed.length > 0) wanted.push({ block: Number(id), bundle, entries: proposed });
    }
    if (seen !== high - low + 1) throw new IndexError('a part of it is missing');
    for (const { block, bundle, entries } of wanted) {
      yield await readProposed(
        place.folder,
        block,
        bundle,
        order === 'newest' ? entries.toReversed() : entries,
        matcher,
      );
    }
    await setImmediate();
    yield { hits: [], read: 0 };
  }
}

interface Proposed {
  readonly index: number;
  /** By its texts, and not only because an id of its block may be the one. */
  readonly hasText: boolean;
}

async function readProposed(
  folder: string,
  block: number,
  bundle: unknown,
  proposed: readonly Proposed[],
  matcher: Matcher,
): Promise<Step> {
  const bytes = await readFile(join(folder, tilePath('entries', block)));
  if (crc32(bytes) !== bundle) throw new IndexError('it does not match the log');
  const { entries } = bundleEntries(bytes);
  const hits: Hit[] = [];
  for (const { index, hasText } of proposed) {
    const entry = entries[index % TILE_WIDTH]?.entry;
    if (entry === undefined) throw new IndexError('it does not match the log');
    const read = indexedEntry(entry);
    const isSo =
      matcher.ofFacets(read.facets) && (!hasText || matcher.text === undefined || read.text.includes(matcher.text));
    if (!isSo) throw new IndexError('it says of an entry what the log does not');
    if (matcher.matches(read)) hits.push({ index, bytes: entry });
  }
  return { hits, read: proposed.length };
}

/** 1 where the facets of that number are looked for. */
async function fittingFacets({ db }: IndexFile, matcher: Matcher): Promise<Uint8Array> {
  const { rows } = db.prepare('SELECT coalesce(max(id) + 1, 0) AS rows FROM facets').get() ?? {};
  const fitting = new Uint8Array(Number(rows));
  const read = db.prepare(`SELECT id, hash, ${FACETS.join(', ')} FROM facets WHERE id BETWEEN ? AND ?`);
  for (let at = 0; at < fitting.length; at += ROWS_AT_ONCE) {
    for (const row of read.iterate(at, at + ROWS_AT_ONCE - 1)) {
      const facets = readFacets(row);
      if (matcher.ofFacets(facets)) fitting[Number(row['id'])] = 1;
    }
    await setImmediate();
  }
  return fitting;
}

/** @param row with `hash` and all columns of facets @throws IndexError when they are not what they were */
export function readFacets(row: Readonly<Record<string, unknown>>): Facets {
  const facets = Object.fromEntries(FACETS.map((name) => [name, row[name]])) as unknown as Facets;
  const { hash } = row;
  if (hash instanceof Uint8Array && rowHash(facetsText(facets)).equals(hash)) return facets;
  throw new IndexError('a part of it was changed');
}

async function fittingTexts({ db }: IndexFile, text: string): Promise<Uint8Array> {
  const { rows } = db.prepare('SELECT coalesce(max(id) + 1, 0) AS rows FROM texts').get() ?? {};
  const fitting = new Uint8Array(Number(rows));
  const read = db.prepare('SELECT id FROM texts WHERE id BETWEEN ? AND ? AND instr(text, ?) > 0');
  const wanted = Buffer.from(text);
  for (let at = 0; at < fitting.length; at += ROWS_AT_ONCE) {
    for (const { id } of read.iterate(at, at + ROWS_AT_ONCE - 1, wanted)) fitting[Number(id)] = 1;
    await setImmediate();
  }
  return fitting;
}
