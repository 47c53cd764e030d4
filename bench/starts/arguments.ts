// The command line of `npm run bench -- starts`, read strictly.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readWords, UsageError, wholeNumberOf } from '../arguments.ts';

export interface StartsOptions {
  readonly rounds: number;
  /** Another checkout of the product, measured in turn with this one. */
  readonly beside: string | undefined;
  readonly json: string | undefined;
}

/** @param words those after `starts` @throws UsageError */
export function readStartsArguments(words: readonly string[]): StartsOptions {
  const { rounds, beside, json } = readWords(words, {
    rounds: { type: 'string', default: '5' },
    beside: { type: 'string' },
    json: { type: 'string' },
  }).values;
  if (beside !== undefined && !existsSync(join(beside, 'strongroom'))) {
    throw new UsageError(`--beside takes the folder of another checkout, and ${beside} is none`);
  }
  return {
    rounds: wholeNumberOf('rounds', rounds, 1, 100),
    beside: beside === undefined ? undefined : resolve(beside),
    json,
  };
}
