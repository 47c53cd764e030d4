// The command line of `npm run bench -- soak`, read strictly.
import { parseArgs } from 'node:util';
import { numberOf, UsageError } from '../arguments.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly json: string | undefined;
}

/** @param words those after `soak` @throws UsageError */
export function readSoakArguments(words: readonly string[]): SoakOptions {
  const { minutes, json } = parse(words);
  return { minutes: numberOf('minutes', minutes, 0.5, 10_000), json };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: { minutes: { type: 'string', default: '10' }, json: { type: 'string' } },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
