// What `npm run bench -- search` found, as written to `--json`.
import type { Disturbance } from '../machine/disturbance.ts';
import type { Environment } from '../machine/environment.ts';
import type { Question } from './questions.ts';

/** Entries that are asked for. */
export const PAGE = 100;

export interface Times {
  readonly coldMs: number;
  readonly warmMs: readonly number[];
}

export interface QuestionResults extends Pick<Question, 'name' | 'finds'> {
  /** Entries that each way has found, of the page that was asked for. */
  readonly found: { readonly command: number; readonly service: number };
  readonly command: Times;
  /** `heldMs`: the longest that the event loop stood still. */
  readonly service: Times & { readonly heldMs: number };
}

export interface SearchResults {
  readonly environment: Environment;
  readonly entries: number;
  readonly indexBytes: number;
  /** The command that made the index; absent: it was there. */
  readonly build?: { readonly ms: number; readonly cpuMs: number; readonly mostKiB: number };
  /** All bytes of the index read from end to end, and no more done with them: the raw limit. */
  readonly rawMs: number;
  /** Whether what is called cold was, but for the log's own bytes; else nothing here can drop a file from the page cache. */
  readonly isCold: boolean;
  readonly questions: readonly QuestionResults[];
  readonly disturbance: Disturbance;
}

/** A log of a million entries, in whole bundles, has what the questions ask for; of a shorter one the two ways have to agree. */
const JUDGED = 999_936;

/** Questions that found something else than there is. */
export function wrongAnswers({ entries, questions }: Pick<SearchResults, 'entries' | 'questions'>) {
  const fits = { none: [0, 0], one: [1, 1], some: [1, PAGE], all: [PAGE, PAGE] } as const;
  return questions.filter(({ finds, found: { command, service } }) => {
    const [least, most] = entries < JUDGED ? [0, PAGE] : fits[finds];
    return command !== service || command < least || command > most;
  });
}
