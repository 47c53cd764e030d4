// Searches a log: of what is indexed, the entries that the index proposes; all of what is not. Each is read from the log itself and
// judged there, so nothing is shown that is not so. It goes in steps, between which others get their turn.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import { openEntries } from '../read-entries.ts';
import { type Pause, whenDue } from '../reading-turns.ts';
import type { Matcher } from './filter.ts';
import { FITS, type Fitting, fittingKinds } from './fitting.ts';
import { atOnce, type IndexFile } from './index-file.ts';
import { indexedEntry } from './indexed-entry.ts';
import { IndexError } from './sealed.ts';
import { type Segment, SegmentReader } from './segment.ts';

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

/** What is looked at without a pause: 1 to 2 ms. */
const BLOCKS_AT_ONCE = 256;
const SEGMENTS_AT_ONCE = 16;

/**
 * @param index absent: there is none, and every entry is read @param pause between what is done at once
 * @param mostRead bytes of each list of the index
 * @throws IndexError when the index says what the log does not @throws Error of SQLite
 */
export async function* searchLog(
  folder: string,
  index: IndexFile | undefined,
  matcher: Matcher,
  { order, from = 0, before = Number.POSITIVE_INFINITY }: SearchRange,
  pause: Pause = setImmediate,
  mostRead?: number,
): AsyncGenerator<Step> {
  // The index first: what comes meanwhile is behind its end, and so in the log's part.
  const indexed = index?.entries() ?? 0;
  const log = openEntries(folder);
  if (indexed > log.size) throw new IndexError('it has entries that the log has not');
  const end = Math.min(before, log.size);
  const behind = { from: Math.max(from, indexed), before: end };
  const within = { from, before: Math.min(end, indexed) };
  if (order === 'newest') yield* searchEntries(log, matcher, behind, order, pause);
  if (index !== undefined && within.from < within.before)
    yield* searchBlocks(index, matcher, within, order, pause, mostRead);
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
  const judged = async (entries: readonly Hit[], reached: number): Promise<Step> => {
    const rest = whenDue(pause);
    const hits: Hit[] = [];
    for (const entry of entries) {
      await rest();
      if (matcher.matches(indexedEntry(entry.bytes))) hits.push(entry);
    }
    return { hits, read: entries.length, reached };
  };
  if (order === 'newest') {
    for await (const entries of log.backwards(before)) {
      const reached = Math.max(from, entries.at(-1)?.index ?? from);
      yield await judged(
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
    yield await judged(some, index + 1);
    some = [];
    await pause();
  }
  yield await judged(some, before);
}

async function* searchBlocks(
  index: IndexFile,
  matcher: Matcher,
  { from, before }: Range,
  order: SearchRange['order'],
  pause: Pause,
  mostRead: number | undefined,
): AsyncGenerator<Step> {
  const { db, place } = index;
  const kinds = await fittingKinds(index, matcher, pause, mostRead);
  // Where no entry has the facets, none has them and the text as an id.
  if (kinds?.any === false) return;
  const segments = new SegmentReader(db);
  const range = { first: Math.floor(from / TILE_WIDTH), last: Math.ceil(before / TILE_WIDTH) - 1 };
  let { first, last } = range;
  while (first <= last) {
    const wanted: WantedBlock[] = [];
    atOnce(db, () => {
      const most = { segments: SEGMENTS_AT_ONCE, blocks: BLOCKS_AT_ONCE };
      while (first <= last && most.segments-- > 0 && most.blocks > 0) {
        const segment = segments.of(order === 'newest' ? last : first);
        const [low, high] = [Math.max(first, segment.first), Math.min(last, segment.first + segment.width - 1)];
        if (order === 'newest') last = low - 1;
        else first = high + 1;
        most.blocks -= high - low + 1;
        const proposed = proposedOf(segments, segment, { low, high }, kinds, matcher);
        wanted.push(...(order === 'newest' ? proposed.reverse() : proposed));
      }
    });
    for (const block of wanted) {
      yield await readProposed(place.folder, block, matcher, { from, before }, order, whenDue(pause));
      await pause();
    }
    await pause();
    yield { hits: [], read: 0, reached: order === 'newest' ? (last + 1) * TILE_WIDTH : first * TILE_WIDTH };
  }
}

/** Those of some blocks of a segment that are to be read for it, in order. */
function proposedOf(
  segments: SegmentReader,
  segment: Segment,
  { low, high }: Readonly<Record<'low' | 'high', number>>,
  kinds: Fitting | undefined,
  { text, timed, since, until }: Matcher,
): WantedBlock[] {
  const blocks = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((block) => {
    if (!timed) return true;
    const { first, last } = segment.bundle(block);
    return last >= since && first < until;
  });
  if (blocks.length === 0) return [];
  const having = new Set(text === undefined ? [] : segments.having(segment, text));
  const fits = kinds === undefined ? undefined : fitsOf(segment.kinds(), kinds.fits);
  if (having.size === 0 && fits?.some((how) => how >= FITS.unknown) === false) return [];
  const entries = segment.entries();
  return blocks.flatMap((block) => {
    const least = having.has(block) ? FITS.byFacets : FITS.unknown;
    const start = (block - segment.first) * TILE_WIDTH;
    const proposed: Proposed[] = [];
    for (let at = 0; at < TILE_WIDTH; at++) {
      const how = fits === undefined ? FITS.whole : (fits[entries[start + at] ?? 0] ?? FITS.not);
      if (how >= least) proposed.push({ at, how });
    }
    return proposed.length === 0 ? [] : [{ block, sum: segment.bundle(block).sum, entries: proposed }];
  });
}

/** Of these kinds; by a loop, as there are millions. */
function fitsOf(numbers: Uint32Array, kinds: Uint8Array): Uint8Array {
  const fits = new Uint8Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) fits[i] = kinds[numbers[i] ?? 0] ?? FITS.unknown;
  return fits;
}

interface WantedBlock {
  readonly block: number;
  readonly sum: number;
  readonly entries: readonly Proposed[];
}

interface Proposed {
  /** Its number in the block. */
  readonly at: number;
  /** What it is proposed as; with the facets alone, because an id of its block may be the text. */
  readonly how: number;
}

async function readProposed(
  folder: string,
  { block, sum, entries: proposed }: WantedBlock,
  matcher: Matcher,
  { from, before }: Range,
  order: SearchRange['order'],
  rest: Pause,
): Promise<Step> {
  const bytes = await readFile(join(folder, tilePath('entries', block)));
  if (crc32(bytes) !== sum) throw new IndexError('it does not match the log');
  const { entries } = bundleEntries(bytes);
  const hits: Hit[] = [];
  const { text } = matcher;
  for (const { at, how } of order === 'newest' ? proposed.toReversed() : proposed) {
    const index = block * TILE_WIDTH + at;
    const entry = entries[at]?.entry;
    if (entry === undefined) throw new IndexError('it does not match the log');
    if (index < from || index >= before) continue;
    await rest();
    const read = indexedEntry(entry);
    // A text of several lines is proposed by one of them.
    const hasText = how !== FITS.whole || text === undefined || text.includes('\n') || read.text.includes(text);
    const isSo = how === FITS.unknown || (hasText && matcher.ofFacets(read.facets));
    if (!isSo) throw new IndexError('it says of an entry what the log does not');
    if (matcher.matches(read)) hits.push({ index, bytes: entry });
  }
  const last = block * TILE_WIDTH;
  return { hits, read: TILE_WIDTH, reached: order === 'newest' ? last : last + TILE_WIDTH };
}
