// Joins the token exchange of the embedded issuer with the verifier of foreign tokens; the two know nothing of each other.
import { AuthError } from '../features/auth/bearer.ts';
import { causeText, fetchJwks } from '../features/auth/fetch-jwks.ts';
import { openAssertionVerifier } from '../features/auth/verify-assertion.ts';
import type { AssertionTrust, VerifyAssertion } from './directory/federation/exchange.ts';
import type { PlaneOptions } from './plane.ts';

/** `log` is told why keys cannot be had, once for each attempt to fetch them; the client is not. */
export function openForeignAssertions({ now, log }: Pick<PlaneOptions, 'now' | 'log'>) {
  const told = new WeakSet<object>();
  const verifier = openAssertionVerifier(() => now() / 1000, fetchJwks);
  const verify: VerifyAssertion = async (assertion, trust) => {
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
  };
  return { verify, [Symbol.asyncDispose]: () => verifier[Symbol.asyncDispose]() };
}

function addressOf({ discovery, jwksUri }: AssertionTrust): string {
  return discovery ?? jwksUri ?? '';
}

function keysOf({ discovery, jwksUri }: AssertionTrust): { readonly discovery: string } | { readonly jwksUri: string } {
  if (discovery !== undefined) return { discovery };
  if (jwksUri !== undefined) return { jwksUri };
  throw new Error('a federated credential without keys was read');
}
