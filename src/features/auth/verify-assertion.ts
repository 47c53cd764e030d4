// Verifies tokens of foreign issuers that are to be exchanged for ours: signature, issuer and time. Whom they speak for is for
// whoever exchanges them. The keys of each issuer are kept as those of trusted ones are.
import { AuthError, MAX_TOKEN } from './bearer.ts';
import { checkSignature, keysOf } from './check-signature.ts';
import { DEFAULT_CLOCK_SKEW } from './claims.ts';
import type { FetchJwks } from './fetch-jwks.ts';
import { type Jwks, openJwks } from './jwks.ts';
import { type Claims, readTokenText } from './token-text.ts';

export interface ForeignIssuer {
  readonly issuer: string;
  readonly keys: { readonly jwksUri: string } | { readonly discovery: string };
  /** PEM of the only authority trusted for that address; absent: the system's. */
  readonly ca?: string;
}

export interface AssertionVerifier extends AsyncDisposable {
  /** @throws AuthError */
  verify(assertion: string, from: ForeignIssuer): Promise<Claims>;
}

export interface AssertionVerifierOptions {
  /** Unix seconds. */
  readonly now: () => number;
  readonly fetchJwks: FetchJwks;
}

/** Issuers whose keys are kept at once; the one longest unused goes. */
const MAX_ISSUERS = 64;

export function openAssertionVerifier({ now, fetchJwks }: AssertionVerifierOptions): AssertionVerifier {
  const known = new Map<string, Jwks>();
  function keySetOf(from: ForeignIssuer): Jwks {
    const { issuer, keys, ca } = from;
    const name = JSON.stringify([issuer, keys, ca]);
    const found =
      known.get(name) ??
      openJwks({ ...keysOf({ issuers: [issuer], ...keys }, fetchJwks), ca, now, onKeyRemoved: () => undefined });
    known.delete(name);
    known.set(name, found);
    const [oldest] = known.keys();
    if (known.size > MAX_ISSUERS && oldest !== undefined) known.delete(oldest);
    return found;
  }
  return {
    async verify(assertion, from) {
      if (assertion.length > MAX_TOKEN) throw new AuthError('Malformed', 'The token is too long');
      const { algorithm, kid, claims } = readTokenText(assertion);
      if (claims.iss !== from.issuer) throw new AuthError('WrongIssuer', 'The token is not of the issuer expected');
      await checkSignature(assertion, algorithm, kid, keySetOf(from));
      checkTime(claims, now());
      return claims;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...known.values()].map((jwks) => jwks[Symbol.asyncDispose]()));
    },
  };
}

function checkTime({ exp, nbf }: Claims, now: number): void {
  if (typeof exp !== 'number') throw new AuthError('Malformed', 'The token says no time of expiry (claim exp)');
  if (nbf !== undefined && typeof nbf !== 'number') throw new AuthError('Malformed', 'The claim nbf is not a number');
  if (now >= exp) throw new AuthError('Expired', 'The token has expired');
  if (nbf !== undefined && now < nbf - DEFAULT_CLOCK_SKEW) {
    throw new AuthError('NotYetValid', 'The token is not valid yet');
  }
}
