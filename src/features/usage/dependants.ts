// Who depends on a key: callers that had something done with it, by operation and version; the latest first.
import { DEPENDING, keyOf, sumOf, type Use } from './uses.ts';

export interface Dependant {
  readonly principal: string;
  readonly version: string;
  readonly operation: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

/** @param operations that alone count; absent: all by which somebody depends on a key */
export function dependantsIn(uses: readonly Use[], operations: ReadonlySet<string> = DEPENDING): readonly Dependant[] {
  const found = new Map<string, Dependant>();
  for (const { principal, operation, key, isDone, count, first, last } of uses) {
    const version = keyOf(key)?.version;
    if (!isDone || version === undefined || !DEPENDING.has(operation) || !operations.has(operation)) continue;
    const id = `${principal} ${version} ${operation}`;
    const before = found.get(id);
    const added = { principal, version, operation, count, first, last };
    found.set(id, before === undefined ? added : sumOf(before, added));
  }
  return [...found.values()].sort((a, b) => (a.last === b.last ? byText(a, b) : a.last > b.last ? -1 : 1));
}

function byText(a: Dependant, b: Dependant): number {
  return `${a.principal} ${a.version} ${a.operation}` < `${b.principal} ${b.version} ${b.operation}` ? -1 : 1;
}
