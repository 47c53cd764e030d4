// The command line of `npm run bench -- writes`, read strictly.
import { numberOf, readWords, UsageError, wholeNumberOf } from '../arguments.ts';
import { readSizes } from '../keys/arguments.ts';
import { writes } from './writes.ts';

export interface WritesOptions {
  readonly names: readonly string[];
  /** Ascending: every write is measured with each of them in turn. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly json: string | undefined;
  readonly profile: string | undefined;
}

/** What is measured besides the writes themselves. */
export const BESIDE = 'beside';
/** Two digits name one. */
const MOST_CONNECTIONS = 99;

/** @param words those after `writes` @throws UsageError */
export function readWritesArguments(words: readonly string[]): WritesOptions {
  const { values } = readWords(words, {
    only: { type: 'string' },
    sizes: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '16' },
    json: { type: 'string' },
    profile: { type: 'string' },
  });
  const known = [...writes.map(({ name }) => name), BESIDE];
  const names = values.only?.split(',') ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`'${unknown}' is not measured; choose from ${known.join(', ')}`);
  return {
    names,
    sizes: readSizes(values.sizes),
    rounds: wholeNumberOf('rounds', values.rounds, 1, 100),
    seconds: numberOf('seconds', values.seconds, 0.2, 600),
    connections: wholeNumberOf('connections', values.connections, 1, MOST_CONNECTIONS),
    json: values.json,
    profile: values.profile,
  };
}
