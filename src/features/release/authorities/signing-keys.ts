// The signing keys of trusted authorities: read from the record, or fetched and kept. One of another record is never used
// in its place: what is kept belongs to exactly one record's content.
import { type FetchJwks, fetchJwks } from '../../auth/fetch-jwks.ts';
import { type Jwks, openJwks } from '../../auth/jwks.ts';
import { readSigningKeys, type SigningKey } from '../../auth/signing-key.ts';
import { MAX_AUTHORITIES, type TrustedAuthority } from './trusted.ts';

export interface AuthorityKeys extends AsyncDisposable {
  /** Undefined: not a key of the authority. @throws AuthError IssuerUnavailable when its keys cannot be had now */
  find(authority: TrustedAuthority, kid: string): Promise<SigningKey | undefined>;
}

export function openAuthorityKeys(now: () => number, fetch: FetchJwks = fetchJwks): AuthorityKeys {
  const fetched = new Map<string, Jwks>();

  function keptFor(authority: string, ca: string | undefined): Jwks {
    const id = JSON.stringify([authority, ca]);
    const known = fetched.get(id);
    if (known !== undefined) return known;
    const opened = openJwks({
      uri: `${authority}/.well-known/openid-configuration`,
      ca,
      fetchJwks: (uri, trusted) => discover(uri, trusted, fetch),
      now,
      // Nothing is remembered of tokens: each release asks for the key anew.
      onKeyRemoved: () => undefined,
    });
    fetched.set(id, opened);
    if (fetched.size > MAX_AUTHORITIES) {
      for (const oldest of fetched.keys()) {
        fetched.delete(oldest);
        break;
      }
    }
    return opened;
  }

  return {
    async find({ authority, keys }, kid) {
      if (keys.kind === 'pinned') return readSigningKeys(keys.jwks).get(kid);
      const kept = keptFor(authority, keys.ca);
      await kept.keepFresh();
      return kept.key(kid);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...fetched.values()].map((jwks) => jwks[Symbol.asyncDispose]()));
    },
  };
}

/** OpenID Connect Discovery: the document names the key set, which must be the same server's. */
async function discover(uri: string, ca: string | undefined, fetch: FetchJwks): Promise<unknown> {
  const document = await fetch(uri, ca);
  const jwksUri = typeof document === 'object' && document !== null && 'jwks_uri' in document ? document.jwks_uri : '';
  if (typeof jwksUri !== 'string' || !URL.canParse(jwksUri) || new URL(jwksUri).origin !== new URL(uri).origin) {
    throw new Error("the authority's configuration names no key set of its own");
  }
  return fetch(jwksUri, ca);
}
