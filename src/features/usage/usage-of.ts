// Who used what, from the log: summed up by its index, where it has one, and the entries that this lacks; else from the newest entry
// back. What somebody did a moment ago counts, as an entry is durable before the answer that it is of.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from '../../files/read-if-there.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import { TILE_WIDTH } from '../../formats/tlog-tiles.ts';
import { type IndexPlace, isBusy, openIndexFile } from '../audit/index/index-file.ts';
import { indexedEntry } from '../audit/index/indexed-entry.ts';
import { addUse, DAY_MS, readUsage, type Use } from '../audit/index/usage.ts';
import { type LoggedCall, loggedCallOf, parseEntry } from '../audit/logged-call.ts';
import { openEntries } from '../audit/read-entries.ts';
import { restingAsLong } from '../audit/reading-turns.ts';

export interface Read {
  /** How many entries were looked at. */
  readonly entries: number;
  /** There are older ones that may be of the time asked for. */
  readonly gaveUp: boolean;
  /** Entries that the log's index has by now, where that keeps from a whole answer. */
  readonly indexed?: number;
}

interface Time {
  /** ISO 8601, as the log has its time; from then on. */
  readonly since: string;
  /** Before then. */
  readonly until?: string;
}

/** Of one instance. Rejects where its log cannot be read. */
export interface Usage {
  /** Sums of what was done on these days (UTC, since 1970) and later, by days. */
  uses(sinceDay: number): Promise<Read & { readonly uses: readonly Use[] }>;
  /** Gives every call of the time to `visit`, newest first. */
  calls(time: Time, visit: (call: LoggedCall) => void): Promise<Read>;
}

interface Reading {
  /** Entries to look at without an index; absent: all that were asked for. */
  readonly most?: number;
  /** Where the log's index is to be, if it has one now. @throws IndexError */
  readonly place?: () => IndexPlace | undefined;
  /** Is told of an index that is passed over. */
  readonly report?: (what: string, error: unknown) => void;
}

/** Entries behind the end of an index that are read one by one. */
const MOST_BEHIND = 64 * TILE_WIDTH;

/**
 * Entries in a row that are older than what is asked for, until all that come before are taken to be: the machine's clock may have been
 * wrong for a while.
 */
const MOST_OLD = 64 * TILE_WIDTH;

/** Before those. */
const LOOKED_AT = 64;

/** @param folder of the log */
export function openUsage(
  folder: string,
  { most = Number.POSITIVE_INFINITY, place = () => undefined, report = () => undefined }: Reading = {},
): Usage {
  const backwards = async (since: string, visit: (bytes: Buffer, index: number) => string): Promise<Read> => {
    let [entries, old, wasWrong, newestOld] = [0, 0, false, ''];
    const log = openWhole(folder);
    for await (const bundle of log.backwards()) {
      if (entries >= most) return { entries, gaveUp: true };
      entries += bundle.length;
      let newest = '';
      for (const { index, bytes } of bundle) {
        const time = visit(bytes, index);
        if (time > newest) newest = time;
      }
      // Entries of several workers stand a moment apart, never a bundle.
      if (newest >= since) {
        wasWrong ||= old > 0;
        old = 0;
        newestOld = '';
        continue;
      }
      old += bundle.length;
      if (newest > newestOld) newestOld = newest;
      // The clock may have been wrong for all of them.
      if (old >= MOST_OLD && !wasWrong) return { entries, gaveUp: await hasNewer(log, log.size - entries, newestOld) };
    }
    return { entries, gaveUp: false };
  };
  /** How many entries the index has, where these are not enough or cannot be used now; the log says the same, and takes longer. */
  const sums = async (sinceDay: number): Promise<(Read & { readonly uses: readonly Use[] }) | number> => {
    const { size } = openWhole(folder);
    try {
      const at = place();
      if (at === undefined || !existsSync(at.path)) return 0;
      using index = openIndexFile(at, true);
      const indexed = index.entries();
      if (size - indexed > MOST_BEHIND) return indexed;
      const { uses, entries } = await readUsage(folder, index, sinceDay, restingAsLong());
      return { uses: uses.filter(({ days }) => days.size > 0), entries, gaveUp: false };
    } catch (error) {
      // Half written, damaged, or held by its writer: what of it is the log's own fault shows again where that is read.
      if (!isBusy(error)) report('the index of the audit log', error);
      return 0;
    }
  };
  return {
    calls: ({ since, until = '~' }, visit) =>
      backwards(since, (bytes, index) => {
        const entry = parseEntry(bytes.toString('utf8'));
        if (entry === undefined) throw new Error(`entry ${index} of the log does not read`);
        const call = loggedCallOf(index, entry);
        if (call.time >= since && call.time < until) visit(call);
        return call.time;
      }),
    async uses(sinceDay) {
      const summed = await sums(sinceDay);
      if (typeof summed !== 'number') return summed;
      const uses = new Map<string, Use>();
      const since = new Date(sinceDay * DAY_MS).toISOString();
      const read = await backwards(since, (bytes, at) => {
        const entry = indexedEntry(bytes);
        if (Number.isNaN(entry.time)) throw new Error(`entry ${at} of the log does not read`);
        if (Math.floor(entry.time / DAY_MS) >= sinceDay) addUse(uses, entry, sinceDay);
        return new Date(entry.time).toISOString();
      });
      return { ...read, ...(read.gaveUp ? { indexed: summed } : {}), uses: [...uses.values()] };
    },
  };
}

/** Whether among entries before this index one is newer than that time: the clock has run back. Some are looked at, evenly spread. */
async function hasNewer(log: ReturnType<typeof openEntries>, before: number, time: string): Promise<boolean> {
  for (let nth = 1; nth <= LOOKED_AT; nth++) {
    for await (const [last] of log.backwards(Math.ceil((before * nth) / LOOKED_AT))) {
      if (last !== undefined && new Date(indexedEntry(last.bytes).time).toISOString() > time) return true;
      break;
    }
  }
  return false;
}

/** Files that are gone, or do not follow upon each other, are not a log in which nobody did anything. */
function openWhole(folder: string): ReturnType<typeof openEntries> {
  const text = readIfThere(join(folder, 'checkpoint'));
  const signed = text === undefined ? 0 : parseCheckpoint(text).checkpoint.size;
  const log = openEntries(folder);
  if (log.size < signed) throw new Error(`the log has ${signed} entries, and ${log.size} can be read`);
  return log;
}

/**
 * One at a time, and for all that ask for the same days meanwhile the one that begins next, which sees what was done before they asked.
 */
export function sharedUses(usage: Pick<Usage, 'uses'>): Pick<Usage, 'uses'> {
  let last: Promise<unknown> = Promise.resolve();
  const next = new Map<number, ReturnType<Usage['uses']>>();
  return {
    uses: (sinceDay) =>
      next.getOrInsertComputed(sinceDay, () => {
        const reading = last.then(() => {
          next.delete(sinceDay);
          return usage.uses(sinceDay);
        });
        last = reading.catch(() => undefined); // told to whoever asked
        return reading;
      }),
  };
}
