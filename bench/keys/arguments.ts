// The command line of `npm run bench -- keys`, read strictly.
import { readWords, UsageError } from '../arguments.ts';

export interface KeysOptions {
  /** Ascending. */
  readonly sizes: readonly number[];
  readonly json: string | undefined;
}

const SIZES = '1000,10000,100000';
const LEAST = 100;
/** What an instance takes without a change of its settings, with room for the benchmark's own. */
const MOST = 240_000;

/** @param words those after `keys` @throws UsageError */
export function readKeysArguments(words: readonly string[]): KeysOptions {
  const { sizes = SIZES, json } = readWords(words, { sizes: { type: 'string' }, json: { type: 'string' } }).values;
  return { sizes: readSizes(sizes), json };
}

/** @throws UsageError */
export function readSizes(sizes: string): readonly number[] {
  const numbers = sizes.split(',').map((text) => (/^[0-9]{1,7}$/.test(text) ? Number(text) : Number.NaN));
  if (!numbers.every((size, index) => size >= LEAST && size <= MOST && size > (numbers[index - 1] ?? 0))) {
    throw new UsageError(`--sizes takes ascending whole numbers from ${LEAST} to ${MOST}, with commas between`);
  }
  return numbers;
}
