// Of which kinds the entries are that are looked for: the words that are meant, and then the kinds that have them.
import type { Pause } from '../reading-turns.ts';
import { type Chunk, DictionaryReader } from './dictionary.ts';
import type { Matcher } from './filter.ts';
import type { IndexFile } from './index-file.ts';
import { type Facets, folded } from './indexed-entry.ts';
import { bytesOf, numbersIn } from './sealed.ts';

/** A kind is a status and numbers of words: of these facets, folded, and then of the lines of its text. */
const FACETS = ['caller', 'application', 'user', 'operation', 'key', 'version', 'scope', 'outcome'] as const;
const LINES = 1 + FACETS.length;
const SCOPE = 1 + FACETS.indexOf('scope');

/** Chunks that are looked at without a pause: 1 to 2 ms. */
const CHUNKS_AT_ONCE = 32;

export function kindOf({ status, ...facets }: Facets, text: string, wordOf: (word: string) => number): Uint8Array {
  const lines = new Set(text.split('\n').map(wordOf));
  return bytesOf(new Uint32Array([status, ...FACETS.map((name) => wordOf(folded(facets[name]))), ...lines]));
}

/** What a kind is to a search. Of that which has the facets alone, an entry is meant if the text is one of its ids. */
export const FITS = { not: 0, byFacets: 1, whole: 2 } as const;

/** @returns by numbers of kinds; undefined: all of them fit @throws IndexError @throws Error of SQLite */
export async function fittingKinds(
  { db }: IndexFile,
  { wanted, text }: Matcher,
  pause: Pause,
): Promise<Uint8Array | undefined> {
  const { scope, outcome, ...others } = wanted;
  const words = new DictionaryReader(db, 'words');
  const given = { ...others, outcome: typeof outcome === 'string' ? outcome : undefined };
  const terms = (Object.keys(given) as (keyof typeof given)[])
    .filter((name) => given[name] !== undefined)
    .map((name) => ({
      columns: (name === 'caller' ? (['caller', 'application', 'user'] as const) : [name]).map(
        (facet) => 1 + FACETS.indexOf(facet),
      ),
      word: words.idOf(given[name] ?? ''),
    }));
  const line = text === undefined ? undefined : wholeLine(text);
  if (terms.length === 0 && scope === undefined && outcome === undefined && text === undefined) return undefined;
  if (terms.some(({ word }) => word === undefined)) return new Uint8Array();
  const scopes = scope === undefined ? undefined : await fitting(words, pause, (chunk) => below(chunk, scope));
  const lines = line === undefined ? undefined : await fitting(words, pause, (chunk) => holding(chunk, line));
  const status = typeof outcome === 'number' ? outcome : undefined;
  return await fitting(new DictionaryReader(db, 'kinds'), pause, function* ({ first, ends, bytes }) {
    const numbers = numbersIn(Uint32Array, bytes);
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const at = start;
      start = (ends[i] ?? 0) / 4;
      if (status !== undefined && numbers[at] !== status) continue;
      if (scopes !== undefined && scopes[numbers[at + SCOPE] ?? 0] !== FITS.whole) continue;
      if (!terms.every(({ columns, word }) => columns.some((column) => numbers[at + column] === word))) continue;
      let fits: number = lines === undefined ? FITS.whole : FITS.byFacets;
      for (let j = at + LINES; j < start && fits !== FITS.whole; j++)
        fits = Math.max(fits, lines?.[numbers[j] ?? 0] ?? 0);
      yield [first + i, fits];
    }
  });
}

/** Of a text of several lines the longest, which is in a word as a whole. Undefined: it is nothing but ends of lines. */
function wholeLine(text: string): Buffer | undefined {
  const [longest = ''] = text.split('\n').sort((a, b) => b.length - a.length);
  return longest === '' ? undefined : Buffer.from(longest);
}

type Found = Iterable<readonly [record: number, fits: number]>;

/** @returns what those records that there are now are to the search */
async function fitting(dictionary: DictionaryReader, pause: Pause, find: (chunk: Chunk) => Found): Promise<Uint8Array> {
  const fits = new Uint8Array(dictionary.last()?.next ?? 0);
  let chunks = 0;
  for (let at = 0; at < fits.length; ) {
    const chunk = dictionary.chunk(at);
    for (const [record, how] of find(chunk)) fits[record] = how;
    at = chunk.next;
    chunks += 1;
    if (chunks % CHUNKS_AT_ONCE === 0) await pause();
  }
  await pause();
  return fits;
}

function* holding({ first, ends, bytes }: Chunk, wanted: Buffer): Found {
  let i = 0;
  for (let at = bytes.indexOf(wanted); at !== -1; ) {
    while ((ends[i] ?? 0) <= at) i += 1;
    const end = ends[i] ?? 0;
    const isWithin = at + wanted.length <= end;
    if (isWithin) yield [first + i, FITS.whole];
    at = bytes.indexOf(wanted, isWithin ? end : at + 1);
  }
}

function* below({ first, ends, bytes }: Chunk, scope: string): Found {
  const wanted = Buffer.from(scope);
  let start = 0;
  for (const [i, end] of ends.entries()) {
    const isPrefix = bytes.subarray(start, Math.min(end, start + wanted.length)).equals(wanted);
    const isWhole = end - start === wanted.length || scope === '/' || bytes[start + wanted.length] === 0x2f;
    if (isPrefix && isWhole) yield [first + i, FITS.whole];
    start = end;
  }
}
