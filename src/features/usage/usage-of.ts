// Who used what, read from the log: from the newest entry back, as far as was asked. What somebody did a moment ago counts, as an
// entry is durable before the answer that it is of.
import { join } from 'node:path';
import { readIfThere } from '../../files/read-if-there.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import { type LoggedCall, readLoggedCall } from '../audit/logged-call.ts';
import { openEntries } from '../audit/read-entries.ts';
import { addUse, isOfKey, type Use, useIn } from './uses.ts';

export interface WantedUses {
  /** ISO 8601, as the log has its time; from then on. */
  readonly since?: string | undefined;
  /** Before then. */
  readonly until?: string | undefined;
  /** Name of a key; only what was done with or to versions of it. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  /** Object id. */
  readonly principal?: string | undefined;
}

export interface Read {
  /** How many entries were looked at. */
  readonly entries: number;
  /** There are older ones of the time asked for. */
  readonly gaveUp: boolean;
}

/** Of one instance. Rejects where its log cannot be read. */
export interface Usage {
  usesOf(wanted: WantedUses): Promise<Read & { readonly uses: readonly Use[] }>;
  /** Gives every call of the time to `visit`, newest first. */
  calls(time: Pick<WantedUses, 'since' | 'until'>, visit: (call: LoggedCall) => void): Promise<Read>;
}

/** @param folder of the log @param most entries to look at; absent: all that were asked for */
export function openUsage(folder: string, most: number = Number.POSITIVE_INFINITY): Usage {
  const calls: Usage['calls'] = async ({ since = '', until = '~' }, visit) => {
    let entries = 0;
    const signed = signedSize(folder);
    const log = openEntries(folder);
    // Files that are gone, or do not follow upon each other, are not a log in which nobody did anything.
    if (log.size < signed) throw new Error(`the log has ${signed} entries, and ${log.size} can be read`);
    for await (const bundle of log.backwards()) {
      if (entries >= most) return { entries, gaveUp: true };
      entries += bundle.length;
      let newest = '';
      for (const { index, bytes } of bundle) {
        const call = readLoggedCall(index, bytes);
        if (call === undefined) throw new Error(`entry ${index} of the log is no entry of a call`);
        if (call.time > newest) newest = call.time;
        if (call.time >= since && call.time < until) visit(call);
      }
      // Entries of several workers stand a moment apart, never a bundle.
      if (newest !== '' && newest < since) break;
    }
    return { entries, gaveUp: false };
  };
  return {
    calls,
    async usesOf({ name, version, principal, ...time }) {
      const sums = new Map<string, Use>();
      const read = await calls(time, (call) => {
        const use = useIn(call);
        if (use === undefined || (principal !== undefined && use.principal !== principal)) return;
        if (name === undefined || isOfKey(use, name, version)) addUse(sums, use);
      });
      return { ...read, uses: [...sums.values()] };
    },
  };
}

/** How many entries the newest checkpoint speaks of. */
function signedSize(folder: string): number {
  const text = readIfThere(join(folder, 'checkpoint'));
  return text === undefined ? 0 : parseCheckpoint(text).checkpoint.size;
}

/** Reading costs time that others wait for: one at a time. */
export function inTurn(usage: Usage): Usage {
  let turn: Promise<unknown> = Promise.resolve();
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined); // told to whoever asked
    return result;
  };
  return {
    usesOf: (wanted) => next(() => usage.usesOf(wanted)),
    calls: (time, visit) => next(() => usage.calls(time, visit)),
  };
}
