// Where requests come in and answers leave: all those of one turn of the event loop together, after the loop has read every
// socket. One look at the store then serves all of them, and the work leaves in bursts: both measured as the largest gains.

import type { Outcome } from '../../http/answer.ts';
import type { Call, WholeCall } from '../../http/call.ts';
import type { Records } from '../../store/sealed/records.ts';

/** Hands on together what was pushed in one turn. */
export class RequestBatch<T> {
  readonly #take: (items: readonly T[]) => void;
  #items: T[] = [];

  constructor(take: (items: readonly T[]) => void) {
    this.#take = take;
  }

  push(item: T): void {
    if (this.#items.push(item) === 1) setImmediate(this.#run);
  }

  #run = (): void => {
    const items = this.#items;
    this.#items = [];
    this.#take(items);
  };
}

export interface AnswerGateParts {
  readonly refresh: Records['refresh'];
  /** Throws when the caller's right is gone. */
  readonly judge: (call: WholeCall) => void;
  readonly write: (call: Call, outcome: Outcome) => void;
  /** Takes the call instead: what was done is on record, and its result goes to nobody. */
  readonly withhold: (call: Call, error: unknown) => void;
}

interface HeldAnswer {
  readonly call: WholeCall;
  readonly outcome: Outcome;
}

/**
 * An operation may have begun before the right to it was taken away and end after: its answer is judged once more, on the store as
 * it is right before the first byte goes out, and withheld when the right is gone.
 * @returns takes what is recorded
 */
export function openAnswerGate(parts: AnswerGateParts): (departing: HeldAnswer) => void {
  const queue = new RequestBatch<HeldAnswer>((departing) => {
    try {
      const fresh = parts.refresh();
      if (fresh === undefined) leave(departing, parts);
      else fresh.then(() => leave(departing, parts)).catch((error: unknown) => keep(departing, error, parts));
    } catch (error) {
      keep(departing, error, parts);
    }
  });
  return (departing) => queue.push(departing);
}

/** Synchronous from the look at the store to the write: no other work of this process comes between. */
function leave(departing: readonly HeldAnswer[], { judge, write, withhold }: AnswerGateParts): void {
  for (const { call, outcome } of departing) {
    let gone: unknown;
    try {
      judge(call);
    } catch (error) {
      gone = error;
    }
    if (gone === undefined) write(call, outcome);
    else withhold(call, gone);
  }
}

/** The store cannot say whether the right holds: then it does not. */
function keep(departing: readonly HeldAnswer[], error: unknown, { withhold }: AnswerGateParts): void {
  for (const { call } of departing) withhold(call, error);
}
