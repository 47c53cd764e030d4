// Reads entries one after the other into an index. Most are as one before but for what each has of its own: when it was, how long it took and
// its ids. Of such only these are read. What they are cut out of has the same members in the same places, so all else of it is known.
import { isDeepStrictEqual } from 'node:util';
import { folded, type IndexedEntry, indexedEntry } from './indexed-entry.ts';

/** Each once in an entry, or the entry is parsed. In the order of entries as they are written. */
const OWN = [
  { begin: '"time":"', isText: true },
  { begin: '"durationMs":', isText: false },
  { begin: '"correlationId":"', isText: true },
  { begin: '"clientRequestId":"', isText: true },
] as const;

export interface ReadEntry<T> extends Pick<IndexedEntry, 'time' | 'ids'> {
  readonly of: T;
}

const LONGEST_KNOWN = 2048;

/** @param of what is wanted of all but time and ids @param most that are remembered */
export function entryReader<T>(of: (entry: IndexedEntry) => T, most: number) {
  const known = new Map<string, T>();
  const read = (bytes: Buffer): ReadEntry<T> => {
    const cut = cutOut(bytes.toString('utf8'));
    const before = cut === undefined ? undefined : known.get(cut.rest);
    if (cut !== undefined && before !== undefined) return { of: before, time: cut.time, ids: cut.ids };
    const entry = indexedEntry(bytes);
    const { time, ids } = entry;
    const value = of(entry);
    if (cut !== undefined && isDeepStrictEqual([time, ids], [cut.time, cut.ids])) {
      if (known.size >= most) known.clear();
      if (cut.rest.length <= LONGEST_KNOWN) known.set(cut.rest, value);
    }
    return { of: value, time, ids };
  };
  return Object.assign(read, { forget: () => known.clear() });
}

/** Undefined where it is not certain what a parser would make of it. */
function cutOut(
  text: string,
): { readonly rest: string; readonly time: number; readonly ids: readonly string[] } | undefined {
  // Its time is that of the entry itself, and no name is written in another way.
  if (!text.startsWith('{"time":"') || text.includes('\\u')) return undefined;
  let rest = '';
  let at = 0;
  const values: (string | undefined)[] = [];
  for (const { begin, isText } of OWN) {
    const found = text.indexOf(begin, at);
    if (found === -1) {
      values.push(undefined);
      continue;
    }
    const start = found + begin.length;
    const end = isText ? text.indexOf('"', start) : text.indexOf(',', start);
    const value = text.slice(start, end);
    if (end === -1 || !(isText ? PLAIN : NUMBER).test(value)) return undefined;
    values.push(value);
    rest += text.slice(at, start);
    at = end;
  }
  rest += text.slice(at);
  // Its values are gone, so that each stands where it stood first.
  for (const { begin } of OWN) if (rest.indexOf(begin) !== rest.lastIndexOf(begin)) return undefined;
  const [time, , ...ids] = values;
  return {
    rest,
    time: time === undefined ? Number.NaN : Date.parse(time),
    ids: ids.filter((id) => id !== undefined).map(folded),
  };
}

/** Without escapes, and what JSON takes. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const NUMBER = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;
