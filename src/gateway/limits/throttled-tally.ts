// Throttled requests are counted, not logged one by one: a log that keeps everything must not be a way to fill the disk.
// The first of each span is recorded, and says how many there were before it that are not.

const SPAN_SECONDS = 10;
const MOST_NAMES = 10_000;

export class ThrottledTally {
  readonly #now: () => number;
  readonly #seen = new Map<string, { since: number; untold: number }>();

  /** @param now seconds of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** `undefined`: counted only. Else it is to be recorded, with the number of those that were counted only. */
  count(name: string): number | undefined {
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
