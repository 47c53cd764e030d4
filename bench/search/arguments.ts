// The command line of `npm run bench -- search`, read strictly.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { namesAskedFor, readWords, UsageError, wholeNumberOf } from '../arguments.ts';

export interface SearchOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly names: readonly string[];
  /** Keeps the log and its index for a later run; undefined: both go. */
  readonly folder: string | undefined;
  readonly json: string | undefined;
}

/** @param words those after `search` @throws UsageError */
export function readSearchArguments(words: readonly string[], known: readonly string[]): SearchOptions {
  const { entries, rounds, only, folder, json } = readWords(words, {
    entries: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    folder: { type: 'string' },
    json: { type: 'string' },
  }).values;
  return {
    entries: wholeNumberOf('entries', entries, 20_000, 100_000_000),
    rounds: wholeNumberOf('rounds', rounds, 1, 100),
    names: namesAskedFor(only === undefined ? [] : only.split(','), known, known),
    folder: folder === undefined ? undefined : made(resolve(folder)),
    json,
  };
}

/** @throws UsageError */
function made(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch (error) {
    throw new UsageError(`${folder} cannot be made: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
