// What sums of the log's entries say of who used a key. A sum is of all entries that have the same facets (`../audit/index/usage.ts`),
// counted by days; those of two parts of a log add up to that of both.
import type { Use } from '../audit/index/usage.ts';

/** Operations by which somebody depends on a key: what was made with it, or is to be made with it again. Reading is none of them. */
export const DEPENDING: ReadonlySet<string> = new Set([
  'KeyEncrypt',
  'KeyDecrypt',
  'KeyWrap',
  'KeyUnwrap',
  'KeySign',
  'KeyVerify',
  'KeySecureWrap',
  'KeySecureUnwrap',
  'KeyRelease',
]);

/** Of the days that were asked for; first and last are of all that was read of the log. */
export interface Counted {
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** Since 1970, UTC. */
  readonly days: ReadonlySet<number>;
}

export interface Dependence extends Counted {
  readonly principal: string;
  readonly key: string;
  readonly version: string;
  readonly operation: string;
}

/** The latest first. @param untilDay the last that counts */
export function dependencesIn(
  uses: readonly Use[],
  name?: string,
  untilDay: number = Number.POSITIVE_INFINITY,
): readonly Dependence[] {
  const found = new Map<string, Dependence>();
  for (const use of uses) {
    const { caller, operation, key, version, outcome } = use.facets;
    if (outcome !== 'success' || caller === '' || version === '' || !DEPENDING.has(operation)) continue;
    if (name !== undefined && key.toLowerCase() !== name.toLowerCase()) continue;
    const counted = countOf(use, untilDay);
    if (counted === undefined) continue;
    const id = `${caller} ${version} ${operation}`;
    const before = found.get(id);
    const one = { principal: caller, key, version, operation, ...counted };
    found.set(id, before === undefined ? one : { ...one, ...sumOf(before, counted) });
  }
  return [...found.values()].sort((a, b) =>
    a.last === b.last ? (idOf(a) < idOf(b) ? -1 : 1) : a.last > b.last ? -1 : 1,
  );
}

function idOf({ principal, version, operation }: Dependence): string {
  return `${principal} ${version} ${operation}`;
}

/** Undefined: on none of the days. */
export function countOf({ days, first, last }: Use, untilDay: number = Number.POSITIVE_INFINITY): Counted | undefined {
  const within = [...days].filter(([day]) => day <= untilDay);
  if (within.length === 0 || first === undefined || last === undefined) return undefined;
  return {
    count: within.reduce((sum, [, count]) => sum + count, 0),
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    days: new Set(within.map(([day]) => day)),
  };
}

export function sumOf(a: Counted, b: Counted): Counted {
  return {
    count: a.count + b.count,
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
    days: a.days.union(b.days),
  };
}
