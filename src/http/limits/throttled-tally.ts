// Throttled requests are counted, not logged one by one: a log that keeps everything must not be a way to fill the disk.
// The first of each span is recorded, and says how many there were before it that are not. Callers are told apart as the
// limits tell them apart, and a crowd of them shares the entries of one: many addresses are no way to many entries.
import { ownerOf } from './open-connections.ts';

const SPAN_SECONDS = 10;
/** Told apart in one span. */
const MOST_NAMES = 100;

interface Seen {
  readonly since: number;
  untold: number;
}

export class ThrottledTally {
  readonly #now: () => number;
  /** In the order of their spans. */
  readonly #seen = new Map<string, Seen>();
  #crowd: Seen = { since: Number.NEGATIVE_INFINITY, untold: 0 };

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
    if (seen === undefined && !this.#makeRoom(now)) {
      const crowd = this.#crowd;
      if (counted(crowd, now)) return undefined;
      this.#crowd = { since: now, untold: 0 };
      return crowd.untold;
    }
    if (seen !== undefined && counted(seen, now)) return undefined;
    this.#seen.delete(name);
    this.#seen.set(name, { since: now, untold: 0 });
    return seen?.untold ?? 0;
  }

  /** What is forgotten of one is told with the crowd. */
  #makeRoom(now: number): boolean {
    if (this.#seen.size < MOST_NAMES) return true;
    for (const [eldest, { since, untold }] of this.#seen) {
      if (now - since < SPAN_SECONDS) return false;
      this.#seen.delete(eldest);
      this.#crowd.untold += untold;
      return true;
    }
    return true;
  }
}

function counted(seen: Seen, now: number): boolean {
  if (now - seen.since >= SPAN_SECONDS) return false;
  seen.untold += 1;
  return true;
}
