// What a replay gave, held against what is listed, and the tables of docs/reference/conformance.md that are made of it.
import type { Difference } from './compare.ts';
import { differences as listed } from './differences.ts';
import { whyLeftOut } from './left-out.ts';
import type { Replayed } from './replay.ts';

/** By feature. */
export type Results = ReadonlyMap<string, readonly Replayed[]>;

export const COUNTS_HEAD = '| feature | exchanges | same | differ | not replayed |';
export const REASONS_HEAD = '| exchanges | of | why |';

interface Row {
  readonly name: string;
  readonly what: string;
}

const whyListed: ReadonlyMap<string, string> = new Map(
  listed.flatMap(({ why, at }) =>
    at.flatMap(([scenario, step, ...whats]) => whats.map((what) => [`${scenario} ${step}: ${what}`, why] as const)),
  ),
);

const nameOf = ({ exchange }: Replayed): string => `${exchange.scenario} ${exchange.step}`;

function rowsOf(replayed: Replayed): readonly Row[] {
  const name = nameOf(replayed);
  return [...new Set(replayed.differences.map(({ where, how }) => `${where} ${how}`))].map((what) => ({ name, what }));
}

/** What differs, with what was said on both sides. */
export function shown(one: Replayed): readonly string[] {
  const { method, path } = one.exchange;
  return one.differences.map(({ where, how, recorded, answered }) => {
    const [wanted, given] = [recorded, answered].map((value) => (JSON.stringify(value) ?? 'nothing').slice(0, 300));
    return `${nameOf(one)} ${method} ${path}: ${where} ${how}: ${wanted} ≠ ${given}`;
  });
}

/** What differs and is not listed. */
export function unlisted(replayed: readonly Replayed[]): readonly string[] {
  return replayed.flatMap((one) => {
    const isListed = ({ where, how }: Difference): boolean => whyListed.has(`${nameOf(one)}: ${where} ${how}`);
    return shown({ ...one, differences: one.differences.filter((each) => !isListed(each)) });
  });
}

/** What is listed and did not occur, when everything was replayed. */
export function outlived(results: Results): readonly string[] {
  const all = [...results.values()].flat();
  const found = new Set(all.flatMap(rowsOf).map(({ name, what }) => `${name}: ${what}`));
  const left = new Set(all.filter(({ outcome }) => outcome === 'left out').map(nameOf));
  return [
    ...[...whyListed.keys()].filter((row) => !found.has(row)),
    ...[...whyLeftOut.keys()].filter((name) => !left.has(name)),
  ];
}

export function count(replayed: readonly Replayed[], outcome: Replayed['outcome']): number {
  return replayed.filter((one) => one.outcome === outcome).length;
}

export function countsTable(results: Results): string {
  const line = (name: string, replayed: readonly Replayed[]): string =>
    `| ${name} | ${replayed.length} | ${count(replayed, 'same')} | ${count(replayed, 'differs')} | ${count(replayed, 'left out')} |`;
  const lines = [...results].map(([feature, replayed]) => line(feature, replayed));
  return [COUNTS_HEAD, '| --- | --: | --: | --: | --: |', ...lines, line('all', [...results.values()].flat())].join(
    '\n',
  );
}

/** An exchange counts once for each reason. */
export function reasonsTable(results: Results): string {
  const reasons = new Map<string, { readonly features: Set<string>; readonly names: Set<string> }>();
  const add = (kind: string, why: string, feature: string, name: string): void => {
    const key = `${kind}: ${why}`;
    const row = reasons.get(key) ?? { features: new Set(), names: new Set() };
    row.features.add(feature);
    row.names.add(name);
    reasons.set(key, row);
  };
  for (const [feature, replayed] of results)
    for (const one of replayed) {
      const name = nameOf(one);
      for (const { what } of rowsOf(one)) add('differs', whyListed.get(`${name}: ${what}`) ?? '', feature, name);
      if (one.outcome === 'left out') add('not replayed', whyLeftOut.get(name) ?? '', feature, name);
    }
  const lines = [...reasons]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([why, { features, names }]) => `| ${names.size} | ${[...features].join(', ')} | ${why} |`);
  return [REASONS_HEAD, '| --: | --- | --- |', ...lines].join('\n');
}
