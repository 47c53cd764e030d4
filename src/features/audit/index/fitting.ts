// Of which kinds the entries are that are looked for: the words that are meant, and then the kinds that have them.
import { type Pause, whenDue } from '../reading-turns.ts';
import { type Chunk, DictionaryReader } from './dictionary.ts';
import type { Matcher } from './filter.ts';
import type { IndexFile } from './index-file.ts';
import { type Facets, folded } from './indexed-entry.ts';
import { bytesOf, numbersIn } from './sealed.ts';

/** A kind is numbers of words: of these facets, folded, and then of the lines of its text. */
const FACETS = ['status', 'caller', 'application', 'user', 'operation', 'key', 'version', 'scope', 'outcome'] as const;
const LINES = FACETS.length;
const SCOPE = FACETS.indexOf('scope');

/**
 * What is read of a list for one search, some 0.4 s of work, whatever strangers have put into the log: it is of many times the size of a
 * usual year's. Of what stands behind it nothing is known, so the entries that have it are read.
 */
const MOST_READ = 64 * 1024 * 1024;
/** A record costs as much as so many bytes. */
const RECORD = 32;

export function kindOf(facets: Facets, text: string, wordOf: (word: string) => number): Uint8Array {
  const lines = new Set(text.split('\n').map(wordOf));
  return bytesOf(new Uint32Array([...FACETS.map((name) => wordOf(folded(String(facets[name])))), ...lines]));
}

/** What a kind is to a search. Of that which has the facets alone, an entry is meant if the text is one of its ids. */
export const FITS = { not: 0, byFacets: 1, unknown: 2, whole: 3 } as const;

/** What records are to a search, by their numbers. */
export interface Fitting {
  /** Whether any is more than `not`. */
  readonly any: boolean;
  /** What is not in it is `unknown`. An array, as it is asked millions of times. */
  readonly fits: Uint8Array;
}

/** @returns undefined: all kinds fit @throws IndexError @throws Error of SQLite */
export async function fittingKinds(
  { db }: IndexFile,
  { wanted, text }: Matcher,
  pause: Pause,
  mostRead = MOST_READ,
): Promise<Fitting | undefined> {
  const { scope, outcome, ...others } = wanted;
  const words = new DictionaryReader(db, 'words');
  const given = { ...others, [typeof outcome === 'number' ? 'status' : 'outcome']: outcome?.toString() };
  const terms = (Object.keys(given) as (keyof typeof given)[])
    .filter((name) => given[name] !== undefined)
    .map((name) => ({
      columns: (name === 'caller' ? (['caller', 'application', 'user'] as const) : [name]).map((facet) =>
        FACETS.indexOf(facet),
      ),
      word: words.idOf(given[name] ?? ''),
    }));
  const line = text === undefined ? undefined : wholeLine(text);
  if (terms.length === 0 && scope === undefined && text === undefined) return undefined;
  if (terms.some(({ word }) => word === undefined)) return { any: false, fits: new Uint8Array() };
  const fitting = (dictionary: DictionaryReader, find: (chunk: Chunk) => Found): Promise<Fitting> =>
    fittingIn(dictionary, pause, mostRead, find);
  const scopes = scope === undefined ? undefined : await fitting(words, (chunk) => below(chunk, scope));
  const lines = line === undefined ? undefined : await fitting(words, (chunk) => holding(chunk, line));
  return await fitting(new DictionaryReader(db, 'kinds'), function* ({ first, ends, bytes }) {
    const numbers = numbersIn(Uint32Array, bytes);
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const at = start;
      start = (ends[i] ?? 0) / 4;
      const ofScope = scopes === undefined ? FITS.whole : (scopes.fits[numbers[at + SCOPE] ?? 0] ?? FITS.unknown);
      if (ofScope === FITS.not) continue;
      if (!terms.every(({ columns, word }) => columns.some((column) => numbers[at + column] === word))) continue;
      let fits: number = lines === undefined ? FITS.whole : FITS.byFacets;
      for (let j = at + LINES; j < start && fits !== FITS.whole; j++)
        fits = Math.max(fits, lines?.fits[numbers[j] ?? 0] ?? FITS.unknown);
      yield [first + i, ofScope === FITS.unknown ? FITS.unknown : fits];
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
async function fittingIn(
  dictionary: DictionaryReader,
  pause: Pause,
  mostRead: number,
  find: (chunk: Chunk) => Found,
): Promise<Fitting> {
  const rest = whenDue(pause);
  const end = dictionary.last()?.next ?? 0;
  const fits = new Uint8Array(Math.min(end, Math.ceil(mostRead / RECORD)));
  let [known, read, any] = [0, 0, false];
  while (known < fits.length && read < mostRead) {
    await rest();
    const chunk = dictionary.chunk(known);
    for (const [record, how] of find(chunk)) {
      fits[record] = how;
      any = true;
    }
    known = chunk.next;
    read += chunk.bytes.length + RECORD * chunk.ends.length;
  }
  await pause();
  return { any: any || known < end, fits: fits.subarray(0, known) };
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
    const isPrefix =
      bytes[start] === wanted[0] && bytes.subarray(start, Math.min(end, start + wanted.length)).equals(wanted);
    const isWhole = end - start === wanted.length || scope === '/' || bytes[start + wanted.length] === 0x2f;
    if (isPrefix && isWhole) yield [first + i, FITS.whole];
    start = end;
  }
}
