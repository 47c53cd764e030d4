// Reading a log costs time that all requests of a worker wait for: one reads at a time, only a few wait for it, and whoever reads rests as
// long as it has worked.
import { setTimeout } from 'node:timers/promises';
import { ServiceError } from '../../http/service-error.ts';

const MOST_WAITING = 4;
/** Beside them, for those who may read the log whatever they are: others with fewer rights cannot keep them from it. */
const KEPT = 1;
const RETRY_AFTER_S = 2;

export class ReadingTurns {
  #last: Promise<unknown> | undefined;
  readonly #waiting = new Set<string>();

  /**
   * @param principal may have one reading that waits, beside one that goes on @param readsLog has the right to read the log itself
   * @throws ServiceError Throttled
   */
  async take<T>(principal: string, read: () => Promise<T>, { readsLog = false } = {}): Promise<T> {
    const before = this.#last;
    if (before !== undefined) {
      if (this.#waiting.has(principal) || this.#waiting.size >= MOST_WAITING + (readsLog ? KEPT : 0)) {
        const message = `Others read the log already; try again in ${RETRY_AFTER_S} s`;
        throw new ServiceError('Throttled', message, { retryAfter: RETRY_AFTER_S });
      }
      this.#waiting.add(principal);
    }
    const result = (async () => {
      if (before !== undefined) {
        await before;
        this.#waiting.delete(principal);
      }
      return await read();
    })();
    const ended = result.then(
      () => undefined,
      () => undefined, // told to whoever asked
    );
    this.#last = ended;
    try {
      return await result;
    } finally {
      if (this.#last === ended) this.#last = undefined;
    }
  }
}

export type Pause = () => Promise<unknown>;

/** What is worked without a pause. */
const WORK_MS = 4;

/** To be called often: pauses where it has been worked so long since. */
export function whenDue(pause: Pause): Pause {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < WORK_MS) return;
    await pause();
    since = performance.now();
  };
}

/** To be called between steps of a reading: leaves as much time to others as has gone by since it was called last. */
export function restingAsLong(
  now: () => number = () => performance.now(),
  wait: (ms: number) => Promise<unknown> = setTimeout,
): Pause {
  let since = now();
  return async () => {
    await wait(Math.ceil(now() - since));
    since = now();
  };
}
