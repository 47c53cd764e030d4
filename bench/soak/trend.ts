// Whether a figure grows in the course of a run, or only moves: the slope of a straight line through the samples, beside how
// well a line fits them at all.

/** Slices at the beginning that are not judged: caches fill, code is compiled, heaps find their size. */
const SETTLING = 1 / 3;
/** So many standard errors a slope must be above none. */
const CERTAIN = 4;

/** Less than both is not called growth, however steady it is. */
export interface Tolerance {
  readonly share: number;
  readonly absolute: number;
}

export interface Trend {
  /** Where the line begins, once settled. */
  readonly level: number;
  /** How far the line rises until the end; below 0: falls. */
  readonly rise: number;
  /** Standard error of the rise. */
  readonly noise: number;
  readonly grows: boolean;
}

/** @param samples evenly apart in time; five at least once settled @throws RangeError when they are fewer */
export function trendOf(samples: readonly number[], { share, absolute }: Tolerance): Trend {
  const settled = samples.slice(Math.floor(samples.length * SETTLING));
  const count = settled.length;
  if (count < 5) throw new RangeError('a trend takes more samples');
  const middle = (count - 1) / 2;
  const mean = settled.reduce((sum, value) => sum + value, 0) / count;
  const spread = settled.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const slope = settled.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0) / spread;
  const missed = settled.reduce((sum, value, index) => sum + (value - mean - slope * (index - middle)) ** 2, 0);
  const rise = slope * (count - 1);
  const noise = Math.sqrt(missed / (count - 2) / spread) * (count - 1);
  const level = mean - slope * middle;
  const grows = rise > CERTAIN * noise && rise > absolute && rise > share * level;
  return { level, rise, noise, grows };
}
