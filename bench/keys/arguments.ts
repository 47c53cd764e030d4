// The command line of `npm run bench -- keys`, read strictly.
import { parseArgs } from 'node:util';
import { UsageError } from '../arguments.ts';

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
  const { sizes = SIZES, json } = parse(words);
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

function parse(words: readonly string[]): { readonly sizes?: string; readonly json?: string } {
  try {
    return parseArgs({ args: [...words], options: { sizes: { type: 'string' }, json: { type: 'string' } } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
