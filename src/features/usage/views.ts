// The four views of a log: who uses which keys how often, what changed in roles, what failed and how, and whether it was more than is
// usual. Each is made from the entries alone, and says how far it has looked.
import type { LoggedCall } from '../audit/logged-call.ts';
import type { Read, Usage } from './usage-of.ts';
import { DEPENDING, isOfKey, keyOf, sumOf } from './uses.ts';
import { DAY_MS, DAYS_BEFORE, type DayVolume, judgeDay } from './volume.ts';

export const VIEWS = ['keys', 'roles', 'failures', 'volume'] as const;
export type View = (typeof VIEWS)[number];

export interface Asked {
  readonly view: View;
  /** Name of a key, and a version of it. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  /** Object id, lower case. */
  readonly principal?: string | undefined;
  /** Milliseconds. */
  readonly since: number;
  readonly until: number;
}

export interface Counted {
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

export interface KeyRow extends Counted {
  readonly key: string;
  readonly version: string;
  readonly principal: string;
  readonly operation: string;
  /** On how many days. */
  readonly days: number;
}

export interface RoleRow {
  readonly time: string;
  readonly operation: string;
  /** Absent: the instance did it by itself. */
  readonly by?: string | undefined;
  readonly outcome: string;
  /** Role, and who has it where. */
  readonly role?: string | undefined;
  readonly principal?: string | undefined;
  readonly scope?: string | undefined;
  readonly administrative: boolean;
  readonly reason?: string | undefined;
}

export interface FailureRow extends Counted {
  /** Absent: not known. */
  readonly principal?: string | undefined;
  readonly operation: string;
  readonly reason: string;
  readonly address: string;
}

export interface VolumeRow extends DayVolume {
  /** `all`, an object id, or `/keys/NAME`. */
  readonly of: string;
}

export interface Viewed extends Read {
  readonly view: View;
  readonly since: string;
  readonly until: string;
  readonly rows: readonly (KeyRow | RoleRow | FailureRow | VolumeRow)[];
  /** There are more rows than are shown. */
  readonly more: boolean;
}

export const MOST_ROWS = 1_000;
/** Callers and keys of which the volume is judged, those with the most calls. */
const MOST_JUDGED = 50;

export async function viewOf(usage: Pick<Usage, 'calls'>, asked: Asked): Promise<Viewed> {
  const { view, since, until } = asked;
  const made = MAKERS[view](asked);
  const from = view === 'volume' ? dayOf(since) * DAY_MS - DAYS_BEFORE * DAY_MS : since;
  const read = await usage.calls({ since: isoOf(from), until: isoOf(until) }, (call) => {
    if (isAsked(call, asked)) made.add(call);
  });
  const rows = made.rows(read);
  const shown = rows.slice(0, MOST_ROWS);
  return { view, since: isoOf(since), until: isoOf(until), ...read, rows: shown, more: shown.length < rows.length };
}

interface Making {
  add(call: LoggedCall): void;
  rows(read: Read): Viewed['rows'];
}

const MAKERS: Readonly<Record<View, (asked: Asked) => Making>> = { keys, roles, failures, volume };

/** A call that was refused names its key in its scope alone. */
function isAsked({ caller, key = '', scope, detail }: LoggedCall, { principal, name, version }: Asked): boolean {
  const concerned = [caller?.objectId, detail?.['principalId']];
  if (principal !== undefined && !concerned.includes(principal)) return false;
  if (name === undefined) return true;
  if (version !== undefined) return isOfKey({ key }, name, version);
  return isOfKey({ key }, name) || scope?.toLowerCase() === `/keys/${name.toLowerCase()}`;
}

function keys(): Making {
  const found = new Map<string, KeyRow & { readonly on: Set<string> }>();
  return {
    add({ caller, operation, key = '', code, time }) {
      const of = keyOf(key);
      if (caller === undefined || of === undefined || code !== 'OK' || !DEPENDING.has(operation)) return;
      const id = `${key} ${caller.objectId} ${operation}`;
      const one = { key: of.name, version: of.version, principal: caller.objectId, operation, ...once(time) };
      const before = found.get(id);
      const on = before?.on ?? new Set();
      on.add(time.slice(0, 10));
      found.set(id, { ...(before === undefined ? one : sumOf(before, one)), days: on.size, on });
    },
    rows: () => byCount([...found.values()].map(({ on: _, ...row }) => row)),
  };
}

const OF_ROLES = /^(Role(Assignment|Definition)(Create|Delete|Expire)|InitialAdministratorsAssigned|SeparationSet)$/;

function roles(): Making {
  const found: RoleRow[] = [];
  return {
    add({ operation, caller, code, innerCode, time, detail = {} }) {
      if (!OF_ROLES.test(operation)) return;
      const text = (name: string): string | undefined => {
        const value = detail[name];
        return typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : undefined;
      };
      found.push({
        ...{ time, operation, by: caller?.objectId, outcome: outcomeOf(code, innerCode) },
        ...{
          role: text('roleName') ?? text('roleDefinitionId'),
          principal: text('principalId') ?? text('principalIds'),
        },
        ...{ scope: text('scope'), administrative: detail['administrative'] === true, reason: text('reason') },
      });
    },
    rows: () => found,
  };
}

function failures(): Making {
  const found = new Map<string, FailureRow>();
  return {
    add({ isFailed, decision, status, caller, operation, code, innerCode, address, time }) {
      // The first call of every client of Azure has no token, to learn from the answer where to get one.
      if (!isFailed || (decision === 'unauthenticated' && status === 401)) return;
      const reason = outcomeOf(code, innerCode);
      const one = { principal: caller?.objectId, operation, reason, address, ...once(time) };
      const id = [caller?.objectId, operation, reason, address].join('\n');
      const before = found.get(id);
      found.set(id, before === undefined ? one : sumOf(before, one));
    },
    rows: () => byCount([...found.values()]),
  };
}

function volume({ since, until }: Asked): Making {
  const found = new Map<string, Map<number, number>>();
  let oldest = Number.POSITIVE_INFINITY;
  const add = (of: string, day: number): void => {
    const days = found.getOrInsertComputed(of, () => new Map());
    days.set(day, (days.get(day) ?? 0) + 1);
  };
  return {
    add({ caller, key = '', time }) {
      const day = dayOf(Date.parse(time));
      if (Number.isNaN(day)) return;
      oldest = Math.min(oldest, day);
      add('all', day);
      if (caller !== undefined) add(caller.objectId, day);
      const name = keyOf(key)?.name;
      if (name !== undefined) add(`/keys/${name}`, day);
    },
    rows({ gaveUp }) {
      // The oldest day is there in part.
      const first = gaveUp || oldest > dayOf(since) - DAYS_BEFORE ? oldest + 1 : oldest;
      const today = dayOf(until - 1);
      const judged = [...found]
        .toSorted(([, a], [, b]) => total(b) - total(a))
        .slice(0, MOST_JUDGED)
        .flatMap(([of, counts]) =>
          Array.from({ length: today - dayOf(since) + 1 }, (_, i) => dayOf(since) + i)
            .filter((day) => day >= first)
            .map((day): VolumeRow => ({ of, ...judgeDay(counts, day, first, today) })),
        );
      const weight = { high: 0, low: 1, usual: 2, 'not known': 3 };
      // Of single callers and keys only what is unusual; of all together each day.
      return judged
        .filter(({ of, verdict }) => of === 'all' || verdict === 'high' || verdict === 'low')
        .toSorted((a, b) => weight[a.verdict] - weight[b.verdict] || (a.day > b.day ? -1 : a.day < b.day ? 1 : 0));
    },
  };
}

function total(counts: ReadonlyMap<number, number>): number {
  return counts.values().reduce((sum, each) => sum + each, 0);
}

function outcomeOf(code: string, innerCode: string | undefined): string {
  return innerCode === undefined ? code : `${code}/${innerCode}`;
}

function once(time: string) {
  return { count: 1, first: time, last: time, days: 1 };
}

function byCount<R extends Counted>(rows: readonly R[]): readonly R[] {
  return rows.toSorted((a, b) => b.count - a.count || (a.last > b.last ? -1 : a.last < b.last ? 1 : 0));
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
