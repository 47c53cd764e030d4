// Joins the token exchange of the embedded issuer with the verifier of foreign tokens; the two know nothing of each other.
import { AuthError } from '../features/auth/bearer.ts';
import { causeText, type FetchJwks, fetchJwks as fetchOverHttps } from '../features/auth/fetch-jwks.ts';
import { type AssertionVerifier, openAssertionVerifier } from '../features/auth/verify-assertion.ts';
import type { AssertionTrust, VerifyAssertion } from './directory/federation/exchange.ts';

export interface ForeignAssertions extends AsyncDisposable {
  readonly verify: VerifyAssertion;
}

export interface ForeignAssertionsOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** Told why keys cannot be had, once for each attempt to fetch them; the client is not. */
  readonly log: (line: string) => void;
  readonly fetchJwks?: FetchJwks;
}

export function openForeignAssertions(options: ForeignAssertionsOptions): ForeignAssertions {
  const { now, log, fetchJwks = fetchOverHttps } = options;
  const told = new WeakSet<object>();
  const verifier: AssertionVerifier = openAssertionVerifier(() => now() / 1000, fetchJwks);
  return {
    async verify(assertion, trust) {
      try {
        return { outcome: 'verified', claims: await verifier.verify(assertion, { ...trust, keys: keysOf(trust) }) };
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        if (error.code !== 'IssuerUnavailable') return { outcome: 'refused', reason: error.message };
        const { cause } = error;
        if (cause instanceof Error && !told.has(cause)) {
          told.add(cause);
          log(`federation: the keys of ${trust.issuer} cannot be fetched: ${addressOf(trust)}: ${causeText(cause)}`);
        }
        return { outcome: 'unavailable', reason: error.message };
      }
    },
    [Symbol.asyncDispose]: () => verifier[Symbol.asyncDispose](),
  };
}

function addressOf({ discovery, jwksUri }: AssertionTrust): string {
  return discovery ?? jwksUri ?? '';
}

function keysOf({ discovery, jwksUri }: AssertionTrust): { readonly discovery: string } | { readonly jwksUri: string } {
  if (discovery !== undefined) return { discovery };
  if (jwksUri !== undefined) return { jwksUri };
  throw new Error('a federated credential without keys was read');
}
