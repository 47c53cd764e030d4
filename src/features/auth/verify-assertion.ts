// Verifies tokens of foreign issuers that are to be exchanged for ours: signature, issuer and time. Whom they speak for is for
// whoever exchanges them. The keys of each issuer are kept as those of trusted ones are.
import { AuthError, MAX_TOKEN } from './bearer.ts';
import { checkTime } from './claims.ts';
import { type FetchJwks, type ForeignIssuer, keysOf } from './fetch-jwks.ts';
import { checkSignature, type Jwks, openJwks } from './jwks.ts';
import { type Claims, readTokenText } from './token-text.ts';

export interface AssertionVerifier extends AsyncDisposable {
  /** @throws AuthError */
  verify(assertion: string, from: ForeignIssuer): Promise<Claims>;
}

/** Issuers whose keys are kept at once; the one longest unused goes. */
const MAX_ISSUERS = 64;

/** @param now Unix seconds */
export function openAssertionVerifier(now: () => number, fetchJwks: FetchJwks): AssertionVerifier {
  const known = new Map<string, Jwks>();
  function keySetOf({ issuer, keys, ca }: ForeignIssuer): Jwks {
    const name = JSON.stringify([issuer, keys, ca]);
    const found =
      known.get(name) ?? openJwks({ ...keysOf(keys, issuer, fetchJwks), ca, now, onKeyRemoved: () => undefined });
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
      if (claims['iss'] !== from.issuer) throw new AuthError('WrongIssuer', 'The token is not of the issuer expected');
      await checkSignature(assertion, algorithm, kid, keySetOf(from));
      checkTime(claims, now());
      return claims;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...known.values()].map((jwks) => jwks[Symbol.asyncDispose]()));
    },
  };
}
