// What callers did by a right that they had, summed up from entries of the log: who, with which key version, by which operation and
// which grant, how often, first and last. Sums of two parts of a log add up to that of both, in any order.
import type { LoggedCall } from '../audit/logged-call.ts';

/** What the sums are kept apart by. */
interface Act {
  /** Object id, lower case. */
  readonly principal: string;
  readonly operation: string;
  /** `/keys/NAME/VERSION` that it was done with or to; empty: none, or it was not done. */
  readonly key: string;
  /** The right that it took, where it was asked for, and the assignment that gave it. */
  readonly dataAction: string;
  readonly scope: string;
  readonly grant: string;
  /** It was carried out. The right is needed as well for what is refused by a rule of the key, or finds nothing. */
  readonly isDone: boolean;
}

export interface Use extends Act {
  readonly count: number;
  /** As the log has its time. */
  readonly first: string;
  readonly last: string;
}

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

export type Uses = ReadonlyMap<string, Use>;

/** Undefined: a role allowed nothing here. */
export function useIn(call: LoggedCall): Use | undefined {
  const { caller, operation, key = '', dataAction, scope, grant, decision, code, time } = call;
  if (decision !== 'allow' || caller === undefined || dataAction === undefined || scope === undefined) return undefined;
  const act = { principal: caller.objectId, operation, key, dataAction, scope, grant: grant ?? '' };
  return { ...act, isDone: code === 'OK', count: 1, first: time, last: time };
}

/** Changes the sums. */
export function addUse(sums: Map<string, Use>, use: Use): void {
  const { principal, operation, key, dataAction, scope, grant, isDone } = use;
  const id = [principal, operation, key, dataAction, scope, grant, isDone].join('\n');
  const before = sums.get(id);
  sums.set(id, before === undefined ? use : sumOf(before, use));
}

/** Of the same act. */
export function sumOf<S extends Pick<Use, 'count' | 'first' | 'last'>>(
  a: S,
  b: Pick<Use, 'count' | 'first' | 'last'>,
): S {
  return {
    ...a,
    count: a.count + b.count,
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
  };
}

/** Name and version of a key version's path. */
export function keyOf(path: string): { readonly name: string; readonly version: string } | undefined {
  const [, name, version] = /^\/keys\/([^/]+)\/([0-9a-f]{32})$/.exec(path) ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** Names compare without regard to case. @param version absent: any */
export function isOfKey({ key }: Pick<Use, 'key'>, name: string, version?: string): boolean {
  const of = keyOf(key);
  return of?.name.toLowerCase() === name.toLowerCase() && (version === undefined || of.version === version);
}
