// What one caller may cost in requests. Strangers (no token that verifies, or kept out by the network rules) are limited
// by address, always: what they send earns nothing and costs a look at the token and an entry in the log. Callers with a
// token are limited only where the operator says so, each by principal.
import type { RequestLimits } from '../../formats/request-limits.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { ownerOf } from './open-connections.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface Throttle {
  /** To be called with whatever refusal a stranger would get. @throws ServiceError Throttled, instead of it */
  stranger(address: string): void;
  /** @throws ServiceError Throttled */
  principal(oid: string): void;
}

/** @param now seconds of a clock that only goes forward */
export function openThrottle({ strangers, principals }: RequestLimits, now: () => number): Throttle {
  const byAddress = new TokenBuckets(strangers, now);
  const byPrincipal = principals === undefined ? undefined : new TokenBuckets(principals, now);
  return {
    stranger(address) {
      const wait = byAddress.take(ownerOf(address));
      if (wait > 0) throw throttled('from your address without a valid token', wait);
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
