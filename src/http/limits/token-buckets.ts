// Token buckets, one for each name (an address, a principal): a burst at once, then a steady rate. Bounded: a bucket
// that nobody used for as long as it takes to fill is full, so it need not be kept. While there are as many as there may
// be, all further names share one: a new name must not be a way to a full bucket, for oneself or for others.
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
  readonly #shared: Bucket;

  /** @param now seconds of a clock that only goes forward */
  constructor(size: BucketSize, now: () => number) {
    this.#size = size;
    this.#now = now;
    this.#shared = { tokens: size.burst, filledAt: now() };
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

  /** One that was taken after all cost nothing. */
  giveBack(name: string): void {
    const bucket = this.#buckets.get(name);
    if (bucket !== undefined) bucket.tokens = Math.min(this.#size.burst, bucket.tokens + 1);
  }

  get count(): number {
    return this.#buckets.size;
  }

  #filled(name: string): Bucket {
    const now = this.#now();
    this.#forgetFull(now);
    const known = this.#buckets.get(name);
    if (known === undefined && this.#buckets.size >= MOST_BUCKETS) return this.#fill(this.#shared, now);
    const bucket = known === undefined ? { tokens: this.#size.burst, filledAt: now } : this.#fill(known, now);
    // Put at the end, so that the first is the one that was used longest ago.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #fill(bucket: Bucket, now: number): Bucket {
    const { burst, perSecond } = this.#size;
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.filledAt) * perSecond);
    bucket.filledAt = now;
    return bucket;
  }

  #forgetFull(now: number): void {
    const { burst, perSecond } = this.#size;
    for (const [eldest, { filledAt, tokens }] of this.#buckets) {
      if (tokens + (now - filledAt) * perSecond < burst) return;
      this.#buckets.delete(eldest);
    }
  }
}
