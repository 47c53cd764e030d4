// The command line of `npm run bench -- latency`, read strictly.
import { namesAskedFor, numberOf, readWords } from '../arguments.ts';

export interface LatencyOptions {
  readonly names: readonly string[];
  /** Of each part: requests one at a time, and half load. */
  readonly seconds: number;
  readonly json: string | undefined;
}

const USUAL = ['rs256', 'es256', 'a256gcm', 'keyget'];

/** @param words those after `latency` @throws UsageError */
export function readLatencyArguments(words: readonly string[], known: readonly string[]): LatencyOptions {
  const { values, positionals } = readWords(
    words,
    { seconds: { type: 'string', default: '2.5' }, json: { type: 'string' } },
    true,
  );
  return {
    names: namesAskedFor(positionals, known, USUAL),
    seconds: numberOf('seconds', values.seconds, 0.5, 600),
    json: values.json,
  };
}
