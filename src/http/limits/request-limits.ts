// What one caller may cost in requests. Strangers (no token that verifies, or kept out by the network rules) are limited
// by address, always, and all together: what they send earns nothing and costs a look and an entry in the log. Callers with a
// token are limited only where the operator says so, each by principal.
import type { BucketSize, RequestLimits } from '../../formats/request-limits.ts';
import { ServiceError } from '../service-error.ts';
import { NETWORK, networkOf, ownerOf } from './open-connections.ts';
import { TokenBuckets } from './token-buckets.ts';

export type Throttle = ReturnType<typeof openThrottle>;

/** The share of all strangers, in shares of one address. */
export const EVERYBODY = 10;
/** No configuration changes it: what all together may begin before its time is over has to fit into the issuer's memory. */
export const BEGINNINGS: BucketSize = { burst: 100, perSecond: 2 };

/** @param now seconds of a clock that only goes forward */
export function openThrottle({ strangers, principals }: RequestLimits, now: () => number) {
  const refusals = new Shares(strangers, now);
  const attempts = new Shares(strangers, now);
  const beginnings = new Shares(BEGINNINGS, now);
  const byPrincipal = principals === undefined ? undefined : new TokenBuckets(principals, now);
  return {
    /** To be called with whatever refusal a stranger would get. @throws ServiceError Throttled, instead of it */
    stranger: (address: string): void => refusals.take(address),
    /**
     * To be called before a secret is looked at, which nobody may go on guessing once their share is used up. That share is for
     * this alone: with other refusals nobody keeps others at the same address from signing in.
     * @returns gives back what it took: the secret was right @throws ServiceError Throttled
     */
    attempt(address: string): () => void {
      attempts.take(address);
      return () => attempts.giveBack(address);
    },
    /** To be called before a sign-in is begun, of which something stays in memory whoever began it. @throws ServiceError Throttled */
    beginning: (address: string): void => beginnings.take(address),
    /** @throws ServiceError Throttled */
    principal(oid: string): void {
      const wait = byPrincipal?.take(oid) ?? 0;
      if (wait > 0) throw throttled('by this principal', wait);
    },
  };
}

/** What an address, its network and all together may have of one thing. */
class Shares {
  readonly #shares: readonly {
    readonly buckets: TokenBuckets;
    readonly nameOf: (address: string) => string | undefined;
    readonly who: string;
  }[];

  constructor({ burst, perSecond }: BucketSize, now: () => number) {
    const share = (times: number): TokenBuckets =>
      new TokenBuckets({ burst: burst * times, perSecond: perSecond * times }, now);
    // The narrowest first: who has used up their own share takes nothing of what others have.
    this.#shares = [
      { buckets: share(1), nameOf: ownerOf, who: 'from your address' },
      { buckets: share(NETWORK), nameOf: networkOf, who: 'from your network' },
      { buckets: share(EVERYBODY), nameOf: () => 'everybody', who: 'from all' },
    ];
  }

  /** @throws ServiceError Throttled */
  take(address: string): void {
    for (const { buckets, nameOf, who } of this.#shares) {
      const name = nameOf(address);
      const wait = name === undefined ? 0 : buckets.take(name);
      if (wait > 0) throw throttled(`${who} without a valid token`, wait);
    }
  }

  giveBack(address: string): void {
    for (const { buckets, nameOf } of this.#shares) {
      const name = nameOf(address);
      if (name !== undefined) buckets.giveBack(name);
    }
  }
}

function throttled(who: string, wait: number): ServiceError {
  return new ServiceError('Throttled', `Too many requests ${who}; try again in ${wait} s`, { retryAfter: wait });
}
