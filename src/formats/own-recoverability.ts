// What an instance says of itself of how well it could be recovered: to the supervisor, and in the file of what runs, for whoever is
// at the machine and has no role in it. Numbers and sentences; no custodian is named.

import { REHEARSAL_DEPTHS, type RehearsalDepth } from './rehearsal-record.ts';
import { flag, integer, list, matching, oneOf, type Reader, record } from './shape.ts';

export interface OwnRecoverability {
  readonly custodians: {
    /** It has seen the newest domain file as it is kept. */
    readonly seen: boolean;
    readonly margin?: number;
    readonly reachable?: number;
    readonly required?: number;
    readonly unproven?: number;
    readonly warnings: readonly string[];
  };
  readonly rehearsals: readonly {
    readonly depth: RehearsalDepth;
    readonly overdue: boolean;
    readonly lastFailed?: string;
    readonly summary: string;
  }[];
}

const sentence = matching(/^[ -~]{1,300}$/, 'a sentence');
const count = integer(-10, 100);

/** @throws ShapeError */
export const readOwnRecoverability: Reader<OwnRecoverability> = record({
  custodians: record(
    { seen: flag, warnings: list(sentence, 10) },
    { margin: count, reachable: count, required: count, unproven: count },
  ),
  rehearsals: list(
    record({ depth: oneOf(...REHEARSAL_DEPTHS), overdue: flag, summary: sentence }, { lastFailed: sentence }),
    REHEARSAL_DEPTHS.length,
  ),
});
