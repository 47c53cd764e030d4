// Two things in turn, and how the second compares with the first: each pair has had the same seconds, so the ratios of pairs say what
// two figures of a machine that changes its speed do not.
import { median } from './median.ts';

export interface Pairs {
  readonly pairs: readonly { readonly first: number; readonly second: number }[];
  /** Of second ÷ first: the median, and between which values it is with 95 % of confidence. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Who is first in a pair is so in every second one. */
export async function inPairs(
  count: number,
  first: () => Promise<number>,
  second: () => Promise<number>,
): Promise<Pairs> {
  const pairs: { first: number; second: number }[] = [];
  for (let pair = 0; pair < count; pair += 1) {
    if (pair % 2 === 0) {
      const before = await first();
      pairs.push({ first: before, second: await second() });
    } else {
      const before = await second();
      pairs.push({ first: await first(), second: before });
    }
  }
  return { pairs, ...middleOf(pairs.map((each) => each.second / each.first)) };
}

/** The interval is of order statistics: it supposes nothing of how the values are spread. */
export function middleOf(values: readonly number[]): Omit<Pairs, 'pairs'> {
  const sorted = values.toSorted((a, b) => a - b);
  const half = 0.98 * Math.sqrt(sorted.length);
  const at = (index: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, index))] ?? Number.NaN;
  return {
    ratio: median(sorted),
    low: at(Math.floor(sorted.length / 2 - half) - 1),
    high: at(Math.ceil(sorted.length / 2 + half)),
  };
}
