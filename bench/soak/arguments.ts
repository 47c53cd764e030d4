// The command line of `npm run bench -- soak`, read strictly.
import { numberOf, readWords } from '../arguments.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly json: string | undefined;
}

/** @param words those after `soak` @throws UsageError */
export function readSoakArguments(words: readonly string[]): SoakOptions {
  const { minutes, json } = readWords(words, {
    minutes: { type: 'string', default: '10' },
    json: { type: 'string' },
  }).values;
  return { minutes: numberOf('minutes', minutes, 0.5, 10_000), json };
}
