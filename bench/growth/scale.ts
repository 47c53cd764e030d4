// Where a value lies on an axis, and which values are written beside it.

export type ScaleKind = 'linear' | 'log';

export interface Scale {
  /** 0 at the low end of the axis, 1 at its high end. */
  at(value: number): number;
  /** Ascending. */
  readonly ticks: readonly number[];
}

/** An axis that holds all values: from 0 on when linear, from one written value to another. @throws RangeError */
export function scaleOf(values: readonly number[], kind: ScaleKind): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw new RangeError('an axis needs finite values');
  if (kind === 'log' && low <= 0) throw new RangeError('a logarithmic axis needs values above 0');
  return kind === 'log' ? logarithmic(low, high) : linear(Math.max(high, Number.MIN_VALUE));
}

function linear(high: number): Scale {
  const step = [1, 2, 2.5, 5, 10]
    .map((part) => part * 10 ** Math.floor(Math.log10(high / 4)))
    .find((each) => each * 5 >= high);
  const width = step ?? high;
  const end = Math.ceil(high / width);
  return { at: (value) => value / (end * width), ticks: Array.from({ length: end + 1 }, (_, index) => index * width) };
}

function logarithmic(low: number, high: number): Scale {
  // Whole powers of ten, or their twofold and fivefold where those are too few to read between.
  const parts = high / low > 100 ? [1] : [1, 2, 5];
  // One decade more at either end: a logarithm may be rounded to the wrong side of a whole number.
  const first = Math.floor(Math.log10(low)) - 1;
  const decades = Array.from({ length: Math.ceil(Math.log10(high)) - first + 2 }, (_, index) => 10 ** (first + index));
  const all = decades.flatMap((decade) => parts.map((part) => part * decade));
  const start = all.findLast((value) => value <= low) ?? low;
  const end = all.find((value) => value >= high && value > start) ?? high;
  const span = Math.log10(end / start);
  return {
    at: (value) => Math.log10(value / start) / span,
    ticks: all.filter((value) => value >= start && value <= end),
  };
}
