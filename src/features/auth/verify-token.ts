// Verifies bearer tokens: is this a token of an issuer that we trust, for us, for our tenant, now? What the principal
// may do is not asked here. A token seen before is answered at once, until it expires and never longer.
import { hash } from 'node:crypto';
import { isGuid } from '../../formats/guid.ts';
import type { ClaimMapping } from '../../http/claim-mapping.ts';
import type { Principal } from '../../http/principal.ts';
import { AuthError, MAX_TOKEN } from './bearer.ts';
import { readPrincipal } from './claims.ts';
import { type FetchJwks, fetchJwks as fetchOverHttps, type KeysAt, keysOf } from './fetch-jwks.ts';
import { checkSignature, type Jwks, type KeySetAge, openJwks } from './jwks.ts';
import { tokenCache } from './token-cache.ts';
import { readTokenText } from './token-text.ts';

export type Issuer = KeysAt & {
  /** Exact `iss` values; with `discovery` the one that the document states. */
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  /** PEM of the only authority trusted for the addresses; absent: the system's. */
  readonly ca?: string;
  /** Seconds that its clock may be ahead of ours. */
  readonly clockSkew?: number;
  readonly claims?: ClaimMapping;
  /** Ids are made for people of an issuer that the same roles name, though its tokens may be taken elsewhere. */
  readonly besideDerived?: true;
};

interface TokenVerifierOptions {
  readonly issuers: readonly Issuer[];
  readonly tenantId: string;
  /** Unix seconds; defaults to the system's clock. */
  readonly now?: () => number;
  readonly fetchJwks?: FetchJwks;
  readonly maxCached?: number;
}

export interface TokenVerifier extends AsyncDisposable {
  /** Synchronous for a token that was verified before. @throws AuthError, or rejects with one */
  verify(token: string): Principal | Promise<Principal>;
  /** Of the issuers, in the order of the configuration. */
  readonly keySets: readonly KeySetAge[];
}

/** Tokens whose hash is kept beside their text. */
const MOST_HASHED = 64;

/** Whose token it was, and by whose keys it held. */
interface Verified {
  readonly principal: Principal;
  readonly jwks: Jwks;
}

/** @throws RangeError when the issuers are not usable as configured */
export function openTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { tenantId, now = () => Date.now() / 1000, fetchJwks = fetchOverHttps, maxCached = 4096 } = options;
  checkOptions(options);
  const verified = tokenCache<Verified>(maxCached);
  const pending = new Map<string, Promise<Principal>>();
  /** Of the busiest callers, whose tokens take longer to be hashed than to be found. Only of such that were verified. */
  const digests = new Map<string, string>();
  // Raised when an issuer takes a key back: what was verified before may have been signed with it.
  let era = 0;
  const derives = options.issuers.some(({ claims }) => claims?.ids === 'derived');
  const trusted = options.issuers.map((issuer) => ({
    ...issuer,
    besideDerived: issuer.besideDerived ?? derives,
    jwks: openJwks({
      ...keysOf(issuer, issuer.issuers[0] ?? '', fetchJwks),
      ca: issuer.ca,
      now,
      onKeyRemoved: forgetVerified,
    }),
  }));
  const byIssuer = new Map(trusted.flatMap((entry) => entry.issuers.map((iss) => [iss, entry] as const)));

  function forgetVerified(): void {
    era += 1;
    verified.clear();
    digests.clear();
  }

  async function verifySigned(token: string, digest: string): Promise<Principal> {
    const { algorithm, kid, claims } = readTokenText(token);
    const issuer = typeof claims.iss === 'string' ? byIssuer.get(claims.iss) : undefined;
    if (issuer === undefined) throw new AuthError('WrongIssuer', 'The token is not of an issuer that this HSM trusts');
    const startedIn = era;
    await checkSignature(token, algorithm, kid, issuer.jwks);
    // The claims read before are those that were signed: both come from the same text.
    const mapping = issuer.claims ?? {};
    const principal = readPrincipal(claims, { ...issuer, issuer: claims.iss as string, tenantId, now: now(), mapping });
    if (era === startedIn) verified.set(digest, { principal, jwks: issuer.jwks });
    return principal;
  }

  function verifyOnce(token: string, digest: string): Promise<Principal> {
    let running = pending.get(digest);
    if (running === undefined) {
      running = verifySigned(token, digest).finally(() => pending.delete(digest));
      pending.set(digest, running);
    }
    return running;
  }

  return {
    verify(token) {
      const kept = digests.get(token);
      const digest = kept ?? hash('sha256', token, 'base64');
      const known = verified.get(digest);
      // The issuer is asked first whether its keys are what they were, if that was long ago.
      if (known === undefined || known.jwks.keepFresh() !== undefined) return verifyOnce(token, digest);
      if (now() < known.principal.expiresAt) {
        if (kept === undefined && digests.size >= MOST_HASHED) digests.clear();
        if (kept === undefined) digests.set(token, digest);
        return known.principal;
      }
      digests.delete(token);
      verified.delete(digest);
      throw new AuthError('Expired', 'The token has expired');
    },
    get keySets() {
      return trusted.map(({ jwks }) => jwks.age);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(trusted.map(({ jwks }) => jwks[Symbol.asyncDispose]()));
    },
  };
}

function checkOptions({ issuers, tenantId }: TokenVerifierOptions): void {
  if (!isGuid(tenantId)) throw new RangeError('the tenant must be a GUID');
  const names = issuers.flatMap((issuer) => issuer.issuers);
  if (new Set(names).size !== names.length) throw new RangeError('two trusted issuers have the same name');
  if (issuers.filter(({ claims }) => claims?.ids !== 'derived').length > 1) {
    throw new RangeError(
      "two trusted issuers name people by GUID, so that each could name those of the other: set claims.ids to 'derived' for all but one",
    );
  }
  for (const issuer of issuers) {
    const { issuers: own, audiences } = issuer;
    if (own.length === 0 || audiences.length === 0 || ![...own, ...audiences].every((text) => text !== '')) {
      throw new RangeError('a trusted issuer needs at least one name and one audience');
    }
    const uri = 'jwksUri' in issuer ? issuer.jwksUri : issuer.discovery;
    if (!URL.canParse(uri) || new URL(uri).protocol !== 'https:') {
      throw new RangeError('the keys of a trusted issuer must be at an https address');
    }
    if ('discovery' in issuer && own.length !== 1) {
      throw new RangeError('an issuer whose keys are discovered has one name: the one that its document states');
    }
  }
}

const SCHEME = 'bearer ';

/** The token of an Authorization header (RFC 6750 §2.1). @throws AuthError Missing, Malformed */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw new AuthError('Missing', 'The request has no bearer token');
  if (header.length > SCHEME.length + MAX_TOKEN) {
    throw new AuthError('Malformed', `The Authorization header is longer than a token of ${MAX_TOKEN} characters`);
  }
  // RFC 9110 §11.1: the scheme is compared without regard to case.
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    throw new AuthError('Malformed', 'The Authorization header must be "Bearer", one space and the token');
  }
  const token = header.slice(SCHEME.length);
  if (token === '' || token.includes(' ')) {
    throw new AuthError('Malformed', 'The Authorization header must be "Bearer", one space and the token');
  }
  return token;
}
