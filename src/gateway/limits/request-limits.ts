// What one caller may cost in requests. Strangers (no token that verifies, or kept out by the network rules) are limited
// by address, always: what they send earns nothing and costs a look at the token and an entry in the log. Callers with a
// token are limited only where the operator says so, each by principal.
import { ServiceError } from '../../wire/service-error.ts';
import { ownerOf } from './open-connections.ts';
import { type BucketSize, TokenBuckets } from './token-buckets.ts';

export interface RequestLimits {
  readonly strangers: BucketSize;
  /** Absent: as fast as the machine goes. */
  readonly principals?: BucketSize;
  /** Connections at once from one address by the public way. */
  readonly connectionsPerAddress: number;
}

/** A stranger's share stays far from what fills a disk; clients begin each connection as strangers, to be told where to get a token. */
export const DEFAULT_LIMITS: RequestLimits = {
  strangers: { burst: 1000, perSecond: 50 },
  connectionsPerAddress: 1000,
};

export interface Throttle {
  /** To be called with the refusal that a stranger would get. @throws ServiceError Throttled, instead of it */
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
