// Where answers leave. An operation may have begun before the right to it was taken away and end after: its answer is
// judged once more, on the store as it is right before the first byte goes out, and withheld when the right is gone.

import type { Call } from '../../http/call.ts';
import type { Outcome } from '../../http/outcome.ts';
import { TurnQueue } from '../../http/turn-queue.ts';
import type { Records } from '../../store/sealed/records.ts';

export interface DepartureParts {
  readonly refresh: Records['refresh'];
  /** Throws when the caller's right is gone. */
  readonly authorised: (call: Call) => void;
  readonly write: (call: Call, outcome: Outcome) => void;
  /** Takes the call instead: what was done is on record, and its result goes to nobody. */
  readonly withhold: (call: Call, error: unknown) => void;
}

interface Departing {
  readonly call: Call;
  readonly outcome: Outcome;
}

/** @returns takes what is recorded; one look at the store serves all that leaves in one turn of the event loop */
export function openDepartures(parts: DepartureParts): (call: Call, outcome: Outcome) => void {
  const queue = new TurnQueue<Departing>((departing) => {
    try {
      const fresh = parts.refresh();
      if (fresh === undefined) leave(departing, parts);
      else fresh.then(() => leave(departing, parts)).catch((error: unknown) => keep(departing, error, parts));
    } catch (error) {
      keep(departing, error, parts);
    }
  });
  return (call, outcome) => {
    if (isJudged(outcome)) queue.push({ call, outcome });
    else parts.write(call, outcome);
  };
}

/**
 * A refusal gives nothing away that needs a right. A change was judged on the very state that it was committed on, which
 * orders it against every revocation; it stands, whatever came after.
 */
function isJudged({ answer }: Outcome): boolean {
  return answer !== undefined && answer.head === undefined;
}

/** Synchronous from the look at the store to the write: no other work of this process comes between. */
function leave(departing: readonly Departing[], { authorised, write, withhold }: DepartureParts): void {
  for (const { call, outcome } of departing) {
    let gone: unknown;
    try {
      authorised(call);
    } catch (error) {
      gone = error;
    }
    if (gone === undefined) write(call, outcome);
    else withhold(call, gone);
  }
}

/** The store cannot say whether the right holds: then it does not. */
function keep(departing: readonly Departing[], error: unknown, { withhold }: DepartureParts): void {
  for (const { call } of departing) withhold(call, error);
}
