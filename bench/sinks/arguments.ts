// The command line of `npm run bench -- sinks`, read strictly.
import { namesAskedFor, numberOf, readWords, wholeNumberOf } from '../arguments.ts';

export interface SinksOptions {
  readonly names: readonly string[];
  /** Of a second on each side. */
  readonly pairs: number;
  /** Of full load, which is then caught up with. */
  readonly seconds: number;
  readonly json: string | undefined;
}

const USUAL = ['es256', 'a256gcm'];

/** @param words those after `sinks` @throws UsageError */
export function readSinksArguments(words: readonly string[], known: readonly string[]): SinksOptions {
  const { values, positionals } = readWords(
    words,
    {
      pairs: { type: 'string', default: '30' },
      seconds: { type: 'string', default: '15' },
      json: { type: 'string' },
    },
    true,
  );
  return {
    names: namesAskedFor(positionals, known, USUAL),
    pairs: wholeNumberOf('pairs', values.pairs, 4, 1000),
    seconds: numberOf('seconds', values.seconds, 1, 600),
    json: values.json,
  };
}
