// The command line of `npm run bench -- latency`, read strictly.
import { parseArgs } from 'node:util';
import { namesAskedFor, numberOf, UsageError } from '../arguments.ts';

export interface LatencyOptions {
  readonly names: readonly string[];
  /** Of each part: requests one at a time, and half load. */
  readonly seconds: number;
  readonly json: string | undefined;
}

const USUAL = ['rs256', 'es256', 'a256gcm', 'keyget'];

/** @param words those after `latency` @throws UsageError */
export function readLatencyArguments(words: readonly string[], known: readonly string[]): LatencyOptions {
  const { values, positionals } = parse(words);
  return {
    names: namesAskedFor(positionals, known, USUAL),
    seconds: numberOf('seconds', values.seconds, 0.5, 600),
    json: values.json,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { seconds: { type: 'string', default: '2.5' }, json: { type: 'string' } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
