// Who checks bearer tokens of the embedded issuer for the resource manager and Graph: the verifier of the data plane, with
// the issuer's keys at hand instead of fetched.
import { authenticateBy } from '../features/auth/control-caller.ts';
import { openTokenVerifier } from '../features/auth/verify-token.ts';
import type { Authenticate } from '../http/control-row.ts';

export interface OwnIssuer {
  readonly jwks: { readonly keys: readonly object[] };
  readonly issuer: string;
  readonly tenantId: string;
  readonly audiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createAuthenticate({ jwks, issuer, tenantId, audiences, now }: OwnIssuer): Authenticate {
  const verifier = openTokenVerifier({
    issuers: [{ issuers: [issuer], audiences, jwksUri: 'https://issuer.localhost/keys' }],
    tenantId,
    now: () => now() / 1000,
    fetchJwks: () => Promise.resolve(jwks),
  });
  return authenticateBy(verifier, tenantId);
}
