// What trusting an attestation authority needs where duties are separated: it decides who can have exportable keys out, so
// somebody else agrees to exactly this authority with exactly these keys.
import { createHash } from 'node:crypto';
import { matching, oneOf, record } from '../../../formats/shape.ts';
import type { TrustedAuthority } from './trusted.ts';

/** What is agreed to. */
export type TrustRequest = ReturnType<typeof trustRequest>;
const line = matching(/^[^]{0,4096}$/u, 'a text');
export const trustRequest = record({
  operation: oneOf('trustAuthority'),
  /** What it is called in this HSM. */
  name: line,
  authority: line,
  keys: oneOf('pinned', 'fetched'),
  /** Of the member `jwks` or `fetch` as JSON without spaces: `jq -cj .jwks trust.json | sha256sum`. */
  sha256: matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hex'),
});

export function trustRequestOf(name: string, { authority, keys }: TrustedAuthority): TrustRequest {
  const said = keysOnWire(keys);
  const sha256 = createHash('sha256')
    .update(JSON.stringify(said.jwks ?? said.fetch), 'utf8')
    .digest('hex');
  return { operation: 'trustAuthority', name, authority, keys: keys.kind, sha256 };
}

/** As the request and the answer have them. */
export function keysOnWire(keys: TrustedAuthority['keys']): { readonly jwks?: unknown; readonly fetch?: object } {
  return keys.kind === 'pinned' ? { jwks: keys.jwks } : { fetch: keys.ca === undefined ? {} : { ca: keys.ca } };
}
