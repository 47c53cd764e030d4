// Where an issuer has its keys, from its OpenID discovery document (OpenID Connect Discovery 1.0 §3). Looked at anew with
// every fetch of the keys, as issuers may move them; a document of another issuer is refused, or whoever runs that one
// would name the keys of ours.
import type { FetchJwks } from './fetch-jwks.ts';

/**
 * Fetches a document instead of a key set, and then the keys that it points at. Both by `fetchJwks`: bounded, https only,
 * no redirects, the same authority.
 * @param issuer the exact name that the document must state
 */
export function discoveredKeys(issuer: string, fetchJwks: FetchJwks): FetchJwks {
  return async (uri, ca) => fetchJwks(keysAddress(await fetchJwks(uri, ca), issuer), ca);
}

function keysAddress(document: unknown, expected: string): string {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error('the discovery document is not a JSON object');
  }
  const { issuer, jwks_uri: address } = document as Readonly<Record<string, unknown>>;
  if (issuer !== expected) throw new Error('the discovery document is of another issuer than the configured one');
  if (typeof address !== 'string' || address.length > 2048 || !URL.canParse(address)) {
    throw new Error('the discovery document does not say where the keys are (jwks_uri)');
  }
  const { protocol, username, password } = new URL(address);
  if (protocol !== 'https:' || username !== '' || password !== '') {
    throw new Error('the discovery document has its keys elsewhere than at an https address');
  }
  return address;
}
