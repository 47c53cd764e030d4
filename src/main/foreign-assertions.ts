// Joins the token exchange of the embedded issuer with the verifier of foreign tokens; the two know nothing of each other.
import { AuthError } from '../features/auth/bearer.ts';
import { type FetchJwks, fetchJwks as fetchOverHttps } from '../features/auth/fetch-jwks.ts';
import { type AssertionVerifier, openAssertionVerifier } from '../features/auth/verify-assertion.ts';
import type { AssertionTrust, VerifyAssertion } from '../features/directory/federation/exchange.ts';

export interface ForeignAssertions extends AsyncDisposable {
  readonly verify: VerifyAssertion;
}

/** `now` in milliseconds. */
export function openForeignAssertions(now: () => number, fetchJwks: FetchJwks = fetchOverHttps): ForeignAssertions {
  const verifier: AssertionVerifier = openAssertionVerifier({ now: () => now() / 1000, fetchJwks });
  return {
    async verify(assertion, trust) {
      try {
        return { outcome: 'verified', claims: await verifier.verify(assertion, { ...trust, keys: keysOf(trust) }) };
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        const outcome = error.code === 'IssuerUnavailable' ? 'unavailable' : 'refused';
        return { outcome, reason: error.message };
      }
    },
    [Symbol.asyncDispose]: () => verifier[Symbol.asyncDispose](),
  };
}

function keysOf({ discovery, jwksUri }: AssertionTrust): { readonly discovery: string } | { readonly jwksUri: string } {
  if (discovery !== undefined) return { discovery };
  if (jwksUri !== undefined) return { jwksUri };
  throw new Error('a federated credential without keys was read');
}
