// What an instance says of itself of how well it could be recovered: to the supervisor, and in the file of what runs, for whoever is
// at the machine and has no role in it. Numbers and sentences; no custodian is named.

import { REHEARSAL_DEPTHS } from './rehearsal-record.ts';
import { flag, integer, list, matching, oneOf, record } from './shape.ts';

const sentence = matching(/^[ -~]{1,300}$/, 'a sentence');
const count = integer(-10, 100);

/** @throws ShapeError */
export const readOwnRecoverability = record({
  custodians: record(
    // Seen: the newest domain file as it is kept.
    { seen: flag, warnings: list(sentence, 10) },
    { margin: count, reachable: count, required: count, unproven: count },
  ),
  rehearsals: list(
    record({ depth: oneOf(...REHEARSAL_DEPTHS), overdue: flag, summary: sentence }, { lastFailed: sentence }),
    REHEARSAL_DEPTHS.length,
  ),
});
export type OwnRecoverability = ReturnType<typeof readOwnRecoverability>;
