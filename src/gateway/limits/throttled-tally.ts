// Throttled requests are counted, not logged one by one: a log that keeps everything must not be a way to fill the disk.
// The first of each span is recorded, and says how many there were before it that are not. Callers are told apart as the
// limits tell them apart, so that nobody gets more entries by having many addresses.
import { ownerOf } from './open-connections.ts';

const SPAN_SECONDS = 10;
const MOST_NAMES = 10_000;

export class ThrottledTally {
  readonly #now: () => number;
  readonly #seen = new Map<string, { since: number; untold: number }>();

  /** @param now seconds of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param caller principal or address
   * @returns `undefined`: counted only. Else it is to be recorded, with the number of those that were counted only.
   */
  count(caller: string): number | undefined {
    const name = ownerOf(caller);
    const now = this.#now();
    const seen = this.#seen.get(name);
    if (seen !== undefined && now - seen.since < SPAN_SECONDS) {
      seen.untold += 1;
      return undefined;
    }
    this.#seen.delete(name);
    if (this.#seen.size >= MOST_NAMES) this.#seen.delete(this.#seen.keys().next().value ?? '');
    this.#seen.set(name, { since: now, untold: 0 });
    return seen?.untold ?? 0;
  }
}
