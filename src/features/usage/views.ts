// The four views of a log: who uses which keys how often, what changed in roles, what failed and how, and whether it was more than is
// usual. Each is made from the entries alone, and says how far it has looked.

import { DAY_MS, type Use } from '../audit/index/usage.ts';
import type { LoggedCall } from '../audit/logged-call.ts';
import type { Read, Usage } from './usage-of.ts';
import { dependencesIn } from './uses.ts';
import { DAYS_BEFORE, type DayVolume, judgeDay } from './volume.ts';

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

export async function viewOf(usage: Usage, asked: Asked): Promise<Viewed> {
  const { view, since, until } = asked;
  const { rows, ...read } = await MAKERS[view](usage, asked);
  const shown = rows.slice(0, MOST_ROWS);
  return { view, since: isoOf(since), until: isoOf(until), ...read, rows: shown, more: shown.length < rows.length };
}

type Made = Read & Pick<Viewed, 'rows'>;

const MAKERS: Readonly<Record<View, (usage: Usage, asked: Asked) => Promise<Made>>> = { keys, roles, failures, volume };

async function keys(usage: Usage, { name, version, principal, since, until }: Asked): Promise<Made> {
  const { uses, ...read } = await usage.uses(dayOf(since));
  const rows = dependencesIn(uses, name, dayOf(until - 1))
    .filter((each) => version === undefined || each.version === version)
    .filter((each) => principal === undefined || each.principal === principal)
    .map(({ days, ...row }): KeyRow => ({ ...row, days: days.size }));
  return { ...read, rows: byCount(rows) };
}

/** A call that was refused names its key in its scope alone. */
function isAsked({ caller, key = '', scope = '', detail }: LoggedCall, { principal, name, version }: Asked): boolean {
  const concerned = [caller?.objectId, detail?.['principalId']];
  if (principal !== undefined && !concerned.includes(principal)) return false;
  if (name === undefined) return true;
  const path = `/keys/${name}`.toLowerCase();
  if (version !== undefined) return key.toLowerCase() === `${path}/${version}`;
  return key.toLowerCase().startsWith(`${path}/`) || scope.toLowerCase() === path;
}

const OF_ROLES = /^(Role(Assignment|Definition)(Create|Delete|Expire)|InitialAdministratorsAssigned|SeparationSet)$/;

async function roles(usage: Usage, asked: Asked): Promise<Made> {
  const rows: RoleRow[] = [];
  const read = await callsOf(usage, asked, ({ operation, caller, code, innerCode, time, detail = {} }) => {
    if (!OF_ROLES.test(operation)) return;
    const text = (name: string): string | undefined => {
      const value = detail[name];
      return typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : undefined;
    };
    rows.push({
      ...{ time, operation, by: caller?.objectId, outcome: outcomeOf(code, innerCode) },
      ...{ role: text('roleName') ?? text('roleDefinitionId'), principal: text('principalId') ?? text('principalIds') },
      ...{ scope: text('scope'), administrative: detail['administrative'] === true, reason: text('reason') },
    });
  });
  return { ...read, rows };
}

async function failures(usage: Usage, asked: Asked): Promise<Made> {
  const found = new Map<string, FailureRow>();
  const read = await callsOf(usage, asked, (call) => {
    const { isFailed, decision, status, caller, operation, code, innerCode, address, time } = call;
    // The first call of every client of Azure has no token, to learn from the answer where to get one.
    if (!isFailed || (decision === 'unauthenticated' && status === 401)) return;
    const reason = outcomeOf(code, innerCode);
    const id = [caller?.objectId, operation, reason, address].join('\n');
    // They come newest first.
    const { count = 0, last = time } = found.get(id) ?? {};
    found.set(id, { principal: caller?.objectId, operation, reason, address, count: count + 1, first: time, last });
  });
  return { ...read, rows: byCount([...found.values()]) };
}

function callsOf(usage: Usage, asked: Asked, visit: (call: LoggedCall) => void): Promise<Read> {
  return usage.calls({ since: isoOf(asked.since), until: isoOf(asked.until) }, (call) => {
    if (isAsked(call, asked)) visit(call);
  });
}

async function volume(usage: Usage, { name, version, principal, since, until }: Asked): Promise<Made> {
  const { uses, ...read } = await usage.uses(dayOf(since) - DAYS_BEFORE);
  const wanted = uses.filter(
    ({ facets }) =>
      (principal === undefined || facets.caller === principal) &&
      (name === undefined || facets.key.toLowerCase() === name.toLowerCase()) &&
      (version === undefined || facets.version === version),
  );
  const found = new Map<string, Map<number, number>>();
  for (const use of wanted) {
    const { caller, key } = use.facets;
    for (const whose of ['all', caller, key === '' ? '' : `/keys/${key}`]) if (whose !== '') addDays(found, whose, use);
  }
  // There are more of them than a call takes arguments.
  const oldest = uses
    .values()
    .flatMap(({ days }) => days.keys())
    .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const today = dayOf(until - 1);
  // Where the log begins, or was read no further, a day is there in part.
  const first = Math.max(oldest + 1, dayOf(since) - DAYS_BEFORE);
  const rows = [...found]
    .toSorted(([, a], [, b]) => total(b) - total(a))
    .slice(0, MOST_JUDGED)
    .flatMap(([of, counts]) =>
      Array.from({ length: today - dayOf(since) + 1 }, (_, i) => dayOf(since) + i)
        .filter((day) => day >= oldest)
        .map((day): VolumeRow => ({ of, ...judgeDay(counts, day, first, today) })),
    )
    // Of single callers and keys only what is unusual; of all together each day.
    .filter(({ of, verdict }) => of === 'all' || verdict === 'high' || verdict === 'low')
    .toSorted((a, b) => WEIGHT[a.verdict] - WEIGHT[b.verdict] || (a.day > b.day ? -1 : a.day < b.day ? 1 : 0));
  return { ...read, rows };
}

const WEIGHT = { high: 0, low: 1, usual: 2, 'not known': 3 } as const;

function addDays(found: Map<string, Map<number, number>>, whose: string, { days }: Use): void {
  const counts = found.getOrInsertComputed(whose, () => new Map());
  for (const [day, count] of days) counts.set(day, (counts.get(day) ?? 0) + count);
}

function total(counts: ReadonlyMap<number, number>): number {
  return counts.values().reduce((sum, each) => sum + each, 0);
}

function outcomeOf(code: string, innerCode: string | undefined): string {
  return innerCode === undefined ? code : `${code}/${innerCode}`;
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
