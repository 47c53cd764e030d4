// The keys of one issuer: kept, looked at again from time to time, and asked for when a token names an unknown one.
// Known keys keep working while the issuer cannot be reached.
import * as errors from 'jose/errors';
import { compactVerify } from 'jose/jws/compact/verify';
import { AuthError } from './bearer.ts';
import type { FetchJwks } from './fetch-jwks.ts';
import { answeredSigningKeys, type SigningKey } from './signing-key.ts';

/** Seconds after which the set is fetched again in the background, so that removed keys end. */
const JWKS_FRESH = 600;
/** Seconds after which nobody gets in by the set before the issuer was asked again: nothing looked at it in between. */
const JWKS_STALE = 2 * JWKS_FRESH;
/** Seconds between two attempts, whatever tokens ask for: garbage must not turn us against the issuer. */
const JWKS_COOL_DOWN = 30;
/** The same while none of its keys is known, so that nobody is let in. */
const JWKS_FIRST_COOL_DOWN = 1;

interface JwksOptions {
  readonly uri: string;
  readonly ca: string | undefined;
  readonly fetchJwks: FetchJwks;
  /** Unix seconds. */
  readonly now: () => number;
  /** A key that was known is no longer in the set, or is another key now. */
  readonly onKeyRemoved: () => void;
}

export interface KeySetAge {
  readonly readAt: number | undefined;
  readonly expiresAt: number | undefined;
}

export type Jwks = ReturnType<typeof openJwks>;

export function openJwks({ uri, ca, fetchJwks, now, onKeyRemoved }: JwksOptions) {
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let dueAt = Number.POSITIVE_INFINITY; // nothing to keep fresh before the first success
  let nextAttemptAt = Number.NEGATIVE_INFINITY;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let failure: Error | undefined;
  let running: Promise<void> | undefined;
  let readAt: number | undefined;

  /** Always of a clock that was put back: nobody knows how long ago anything was. */
  const isPast = (time: number): boolean => now() >= time || now() < lookedAt;

  /** Never rejects: the outcome is in `failure`. */
  async function refresh(): Promise<void> {
    try {
      const fetched = answeredSigningKeys(await fetchJwks(uri, ca));
      const removed = [...keys.values()].some(({ kid, identity }) => fetched.get(kid)?.identity !== identity);
      keys = fetched;
      readAt = now();
      failure = undefined;
      dueAt = now() + JWKS_FRESH;
      if (removed) onKeyRemoved();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      dueAt = keys.size === 0 ? Number.POSITIVE_INFINITY : now() + JWKS_COOL_DOWN;
    } finally {
      lookedAt = now();
      nextAttemptAt = lookedAt + (failure !== undefined && keys.size === 0 ? JWKS_FIRST_COOL_DOWN : JWKS_COOL_DOWN);
      running = undefined;
    }
  }

  function attempt(): Promise<void> | undefined {
    if (running === undefined && isPast(nextAttemptAt)) running = refresh();
    return running;
  }

  return {
    /** When they were last read, and when the first certificate of one ends; Unix seconds. */
    get age(): KeySetAge {
      const ends = [...keys.values()].flatMap(({ expiresAt }) => expiresAt ?? []);
      return { readAt, expiresAt: ends.length === 0 ? undefined : Math.min(...ends) };
    },
    /** @throws AuthError BadSignature: not a key of the issuer · IssuerUnavailable: cannot be told now */
    async key(kid: string): Promise<SigningKey> {
      const known = keys.get(kid);
      if (known !== undefined) return known;
      await attempt();
      const found = keys.get(kid);
      if (found !== undefined) return found;
      if (failure === undefined) throw badSignature();
      throw new AuthError('IssuerUnavailable', 'The keys of the token issuer cannot be fetched', { cause: failure });
    },
    /**
     * Starts a refresh when the set is due for one. Cheap; called for every token.
     * @returns what to wait for first where the last look at the set is long past; it never rejects, as known keys are
     * good while the issuer cannot be reached
     */
    keepFresh(): Promise<void> | undefined {
      if (!isPast(dueAt)) return undefined;
      const looking = attempt();
      return isPast(lookedAt + JWKS_STALE) ? looking : undefined;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await running;
    },
  };
}

/** @throws AuthError BadSignature, IssuerUnavailable */
export async function checkSignature(token: string, algorithm: string, kid: string, jwks: Jwks): Promise<void> {
  await jwks.keepFresh();
  await verifyWith(await jwks.key(kid), algorithm, token);
}

/** @throws AuthError BadSignature */
export async function verifyWith(key: SigningKey | undefined, algorithm: string, token: string): Promise<void> {
  if (!key?.algorithms.includes(algorithm)) throw badSignature();
  try {
    await compactVerify(token, key.key, { algorithms: [algorithm] });
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw badSignature();
    throw cause;
  }
}

function badSignature(): AuthError {
  return new AuthError('BadSignature', 'The token is not signed by a key of its issuer');
}
