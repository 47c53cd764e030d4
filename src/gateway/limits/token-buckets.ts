// Token buckets, one for each name (an address, a principal): a burst at once, then a steady rate. Bounded: a bucket
// that nobody used for as long as it takes to fill is full, so it need not be kept; beyond that the eldest go first.
import type { BucketSize } from '../../formats/request-limits.ts';

interface Bucket {
  tokens: number;
  /** Seconds. */
  filledAt: number;
}

const MOST_BUCKETS = 20_000;

export class TokenBuckets {
  readonly #size: BucketSize;
  readonly #now: () => number;
  /** In order of last use. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param now seconds of a clock that only goes forward */
  constructor(size: BucketSize, now: () => number) {
    this.#size = size;
    this.#now = now;
  }

  /** 0: taken; else the whole seconds until there is one again. */
  take(name: string): number {
    const bucket = this.#filled(name);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#size.perSecond));
  }

  get count(): number {
    return this.#buckets.size;
  }

  #filled(name: string): Bucket {
    const { burst, perSecond } = this.#size;
    const now = this.#now();
    const known = this.#buckets.get(name);
    const bucket =
      known === undefined
        ? { tokens: burst, filledAt: now }
        : { tokens: Math.min(burst, known.tokens + (now - known.filledAt) * perSecond), filledAt: now };
    // Put at the end, so that the first is the one that was used longest ago.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    for (const [eldest, { filledAt, tokens }] of this.#buckets) {
      const isFull = tokens + (now - filledAt) * perSecond >= burst && eldest !== name;
      if (!isFull && this.#buckets.size <= MOST_BUCKETS) break;
      this.#buckets.delete(eldest);
    }
    return bucket;
  }
}
