// The command line of `npm run bench -- growth`, read strictly.
import { namesAskedFor, readWords, UsageError } from '../arguments.ts';
import type { Axis } from './axis.ts';

export interface GrowthOptions {
  readonly axes: readonly Axis[];
  /** Ascending; undefined: those of each axis. */
  readonly sizes: readonly number[] | undefined;
  /** Draws what was measured before. */
  readonly draw: boolean;
  readonly out: string | undefined;
}

/** @param words those after `growth` @throws UsageError */
export function readGrowthArguments(words: readonly string[], known: readonly Axis[]): GrowthOptions {
  const { values, positionals } = readWords(
    words,
    { sizes: { type: 'string' }, out: { type: 'string' }, draw: { type: 'boolean' } },
    true,
  );
  const names = known.map(({ name }) => name);
  const asked = namesAskedFor(positionals, names, names);
  const axes = known.filter(({ name }) => asked.includes(name));
  const draw = values.draw === true;
  if (draw && values.sizes !== undefined) throw new UsageError('--draw measures nothing, so it takes no --sizes');
  const sizes = values.sizes === undefined ? undefined : readSizes(values.sizes, axes);
  return { axes, sizes, draw, out: values.out };
}

function readSizes(text: string, axes: readonly Axis[]): readonly number[] {
  const [axis] = axes;
  if (axis === undefined || axes.length > 1) throw new UsageError('--sizes takes one axis, named');
  const numbers = text.split(',').map((each) => (/^[0-9]{1,9}$/.test(each) ? Number(each) : Number.NaN));
  if (!numbers.every((size, index) => size >= axis.least && size <= axis.most && size > (numbers[index - 1] ?? 0))) {
    throw new UsageError(`--sizes of ${axis.name} takes ascending whole numbers from ${axis.least} to ${axis.most}`);
  }
  if (numbers.length < 2) throw new UsageError('--sizes takes two at least: growth is between them');
  return numbers;
}
