// What one caller may cost in requests. Strangers (no token that verifies, or kept out by the network rules) are limited
// by address, always, and all together: what they send earns nothing and costs a look and an entry in the log. Callers with a
// token are limited only where the operator says so, each by principal.
import type { RequestLimits } from '../../formats/request-limits.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { NETWORK, networkOf, ownerOf } from './open-connections.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface Throttle {
  /** To be called with whatever refusal a stranger would get. @throws ServiceError Throttled, instead of it */
  stranger(address: string): void;
  /**
   * To be called before a secret is looked at, which nobody may go on guessing once their share is used up.
   * @returns gives back what it took: the secret was right @throws ServiceError Throttled
   */
  attempt(address: string): () => void;
  /** @throws ServiceError Throttled */
  principal(oid: string): void;
}

/** The share of all strangers, in shares of one address. */
const EVERYBODY = 10;

/** @param now seconds of a clock that only goes forward */
export function openThrottle({ strangers, principals }: RequestLimits, now: () => number): Throttle {
  const share = (times: number): TokenBuckets =>
    new TokenBuckets({ burst: strangers.burst * times, perSecond: strangers.perSecond * times }, now);
  // The narrowest first: who has used up their own share takes nothing of what others have.
  const shares = [
    { buckets: share(1), nameOf: ownerOf, who: 'from your address' },
    { buckets: share(NETWORK), nameOf: networkOf, who: 'from your network' },
    { buckets: share(EVERYBODY), nameOf: () => 'everybody', who: 'from all' },
  ];
  const stranger = (address: string): void => {
    for (const { buckets, nameOf, who } of shares) {
      const name = nameOf(address);
      const wait = name === undefined ? 0 : buckets.take(name);
      if (wait > 0) throw throttled(`${who} without a valid token`, wait);
    }
  };
  const byPrincipal = principals === undefined ? undefined : new TokenBuckets(principals, now);
  return {
    stranger,
    attempt(address) {
      stranger(address);
      return () => {
        for (const { buckets, nameOf } of shares) {
          const name = nameOf(address);
          if (name !== undefined) buckets.giveBack(name);
        }
      };
    },
    principal(oid) {
      const wait = byPrincipal?.take(oid) ?? 0;
      if (wait > 0) throw throttled('by this principal', wait);
    },
  };
}

function throttled(who: string, wait: number): ServiceError {
  return new ServiceError('Throttled', `Too many requests ${who}; try again in ${wait} s`, { retryAfter: wait });
}
