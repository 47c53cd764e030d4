// Searches a log: of what is indexed, the entries that the index proposes; all of what is not. Each is read from the log itself and
// judged there, so nothing is shown that is not so. It goes in steps, between which others get their turn.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import { openEntries } from '../read-entries.ts';
import type { Pause } from '../reading-turns.ts';
import type { Matcher } from './filter.ts';
import { blockSum, IndexError, type IndexFile, readFacets, unsealed } from './index-file.ts';
import { indexedEntry } from './indexed-entry.ts';

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
  /** Everything before it in the order of the search was looked at: it goes on before this index, or from it on. */
  readonly reached: number;
}

export interface SearchRange {
  readonly order: 'newest' | 'oldest';
  /** Entries from this index on. */
  readonly from?: number;
  /** Before this index. */
  readonly before?: number;
}

/** Rows that are looked at without a pause: 1 to 2 ms. */
const ROWS_AT_ONCE = 4_096;
const BLOCKS_AT_ONCE = 256;

/**
 * @param index absent: there is none, and every entry is read @param pause between what is done at once
 * @throws IndexError when the index says what the log does not @throws Error of SQLite
 */
export async function* searchLog(
  folder: string,
  index: IndexFile | undefined,
  matcher: Matcher,
  { order, from = 0, before = Number.POSITIVE_INFINITY }: SearchRange,
  pause: Pause = setImmediate,
): AsyncGenerator<Step> {
  // The index first: what comes meanwhile is behind its end, and so in the log's part.
  const indexed = index?.entries() ?? 0;
  const log = openEntries(folder);
  if (indexed > log.size) throw new IndexError('it has entries that the log has not');
  const end = Math.min(before, log.size);
  const behind = { from: Math.max(from, indexed), before: end };
  const within = { from, before: Math.min(end, indexed) };
  if (order === 'newest') yield* searchEntries(log, matcher, behind, order, pause);
  if (index !== undefined && within.from < within.before) yield* searchBlocks(index, matcher, within, order, pause);
  if (order === 'oldest') yield* searchEntries(log, matcher, behind, order, pause);
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
  pause: Pause,
): AsyncGenerator<Step> {
  if (from >= before) return;
  const judged = (entries: readonly Hit[], reached: number): Step => ({
    hits: entries.filter(({ bytes }) => matcher.matches(indexedEntry(bytes))),
    read: entries.length,
    reached,
  });
  if (order === 'newest') {
    for await (const entries of log.backwards(before)) {
      const reached = Math.max(from, entries.at(-1)?.index ?? from);
      yield judged(
        entries.filter((entry) => entry.index >= from),
        reached,
      );
      if (reached === from) return;
      await pause();
    }
    return;
  }
  let some: Hit[] = [];
  for (const { index, text } of log.from(from)) {
    if (index >= before) break;
    some.push({ index, bytes: Buffer.from(text) });
    if (some.length < TILE_WIDTH) continue;
    yield judged(some, index + 1);
    some = [];
    await pause();
  }
  yield judged(some, before);
}

async function* searchBlocks(
  index: IndexFile,
  matcher: Matcher,
  { from, before }: Range,
  order: SearchRange['order'],
  pause: Pause,
): AsyncGenerator<Step> {
  const { db, place } = index;
  const facets = await fittingFacets(index, matcher, pause);
  const texts = matcher.text === undefined ? undefined : await fittingTexts(index, matcher.text, pause);
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
    const wanted: WantedBlock[] = [];
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
      yield await readProposed(place.folder, { block, bundle, entries }, matcher, order);
      await pause();
    }
    await pause();
    yield { hits: [], read: 0, reached: order === 'newest' ? low * TILE_WIDTH : (high + 1) * TILE_WIDTH };
  }
}

interface WantedBlock {
  readonly block: number;
  readonly bundle: unknown;
  readonly entries: readonly Proposed[];
}

interface Proposed {
  readonly index: number;
  /** By its texts, and not only because an id of its block may be the one. */
  readonly hasText: boolean;
}

async function readProposed(
  folder: string,
  { block, bundle, entries: proposed }: WantedBlock,
  matcher: Matcher,
  order: SearchRange['order'],
): Promise<Step> {
  const bytes = await readFile(join(folder, tilePath('entries', block)));
  if (crc32(bytes) !== bundle) throw new IndexError('it does not match the log');
  const { entries } = bundleEntries(bytes);
  const hits: Hit[] = [];
  for (const { index, hasText } of order === 'newest' ? proposed.toReversed() : proposed) {
    const entry = entries[index % TILE_WIDTH]?.entry;
    if (entry === undefined) throw new IndexError('it does not match the log');
    const read = indexedEntry(entry);
    const isSo =
      matcher.ofFacets(read.facets) && (!hasText || matcher.text === undefined || read.text.includes(matcher.text));
    if (!isSo) throw new IndexError('it says of an entry what the log does not');
    if (matcher.matches(read)) hits.push({ index, bytes: entry });
  }
  const last = block * TILE_WIDTH;
  return { hits, read: TILE_WIDTH, reached: order === 'newest' ? last : last + TILE_WIDTH };
}

/** 1 where the facets of that number are looked for. What SQLite proposes, the matcher judges. */
async function fittingFacets({ db }: IndexFile, matcher: Matcher, pause: Pause): Promise<Uint8Array | undefined> {
  const { caller, key, version, operation, outcome, scope } = matcher.wanted;
  const terms: readonly (readonly [sql: string, value: string | number | undefined])[] = [
    ['?3 IN (caller, application, user)', caller],
    ['key = ?4', key],
    ['version = ?5', version],
    ['operation = ?6', operation],
    [typeof outcome === 'number' ? 'status = ?7' : 'outcome = ?7', outcome],
    ['substr(scope, 1, length(?8)) = ?8', scope],
  ];
  const used = terms.filter((term): term is readonly [string, string | number] => term[1] !== undefined);
  if (used.length === 0) return undefined;
  const where = used.map(([sql], i) => `AND ${sql.replaceAll(/\?\d/g, `?${i + 3}`)}`).join(' ');
  const { rows } = db.prepare('SELECT coalesce(max(id) + 1, 0) AS rows FROM facets').get() ?? {};
  const fitting = new Uint8Array(Number(rows));
  const read = db.prepare(`SELECT id, hash, said FROM facets WHERE id BETWEEN ?1 AND ?2 ${where}`);
  for (let at = 0; at < fitting.length; at += ROWS_AT_ONCE) {
    for (const row of read.iterate(at, at + ROWS_AT_ONCE - 1, ...used.map(([, value]) => value))) {
      if (matcher.ofFacets(readFacets(row))) fitting[Number(row['id'])] = 1;
    }
    await pause();
  }
  return fitting;
}

async function fittingTexts({ db }: IndexFile, text: string, pause: Pause): Promise<Uint8Array> {
  const { rows } = db.prepare('SELECT coalesce(max(id) + 1, 0) AS rows FROM texts').get() ?? {};
  const fitting = new Uint8Array(Number(rows));
  const read = db.prepare('SELECT id FROM texts WHERE id BETWEEN ? AND ? AND instr(text, ?) > 0');
  const wanted = Buffer.from(text);
  for (let at = 0; at < fitting.length; at += ROWS_AT_ONCE) {
    for (const { id } of read.iterate(at, at + ROWS_AT_ONCE - 1, wanted)) fitting[Number(id)] = 1;
    await pause();
  }
  return fitting;
}
