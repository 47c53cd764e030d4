// The attestation authorities that this instance trusts: sealed records, by the names that its administrators give them. None is trusted until one is named here, and nothing is fetched unless a record says so.

import { normalAuthority } from '../../../formats/release-policy/grammar.ts';
import { oneOf, record, text } from '../../../formats/shape.ts';
import { member, readGivenObject, readOptionalText, readText } from '../../../http/body.ts';
import { isAbsent } from '../../../http/lenient-body.ts';
import type { JsonObject } from '../../../http/route.ts';
import { badParameter } from '../../../http/service-error.ts';
import { KeptRecords } from '../../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../../store/sealed/record-kind.ts';
import { readSigningKeys } from '../../auth/signing-key.ts';

export type TrustedAuthority = ValueOf<typeof authorityKind>;
export const MAX_AUTHORITIES = 20;
const NAME = /^[a-z0-9-]{1,64}$/;

const pinned = record({ kind: oneOf('pinned'), jwks: (value: unknown) => value });
/** From `{authority}/.well-known/openid-configuration`; `ca`: PEM of the only authority trusted for it. */
const fetched = record({ kind: oneOf('fetched') }, { ca: text });

export const authorityKind = recordKind({
  of: 'release/authority/',
  id: NAME,
  about: 'An attestation authority that is trusted, with its keys or how they are fetched',
  travels: 'text',
  members: {
    /** As `normalAuthority` gives it: what tokens name as their issuer, and policies as their authority. */
    authority: text,
    keys: (value, path) =>
      (value as { readonly kind?: unknown } | null)?.kind === 'pinned' ? pinned(value, path) : fetched(value, path),
  },
});

/** @throws ServiceError BadParameter */
export function requireAuthorityName(name: string | undefined): string {
  if (name !== undefined && NAME.test(name)) return name;
  throw badParameter('The name of an authority must be 1 to 64 characters of a-z, 0-9 and -');
}

/** `{authority, jwks}` pins keys, `{authority, fetch: {ca?}}` has them fetched. @throws ServiceError BadParameter */
export function readAuthority(body: JsonObject): TrustedAuthority {
  const authority = normalAuthority(readText(body, 'authority'));
  if (authority === undefined) {
    throw badParameter("Property 'authority' must be an https address without query or credentials");
  }
  const fetch = readGivenObject(body, 'fetch');
  const jwks = member(body, 'jwks');
  if (isAbsent(jwks) === (fetch === undefined)) {
    throw badParameter("Exactly one of 'jwks' (keys to pin) and 'fetch' must be there");
  }
  if (fetch !== undefined) {
    const ca = readOptionalText(fetch, 'ca');
    if (ca !== undefined && (ca.length > 65_536 || !ca.includes('-----BEGIN CERTIFICATE-----'))) {
      throw badParameter("Property 'fetch.ca' must be certificates in PEM");
    }
    return { authority, keys: { kind: 'fetched', ...(ca === undefined ? {} : { ca }) } };
  }
  try {
    readSigningKeys(jwks);
  } catch (cause) {
    throw badParameter(`Property 'jwks': ${(cause as Error).message}`, { cause });
  }
  return { authority, keys: { kind: 'pinned', jwks } };
}

/** By names, in their order. */
export class TrustedAuthorities extends KeptRecords<TrustedAuthority> {
  constructor() {
    super(authorityKind, ([a], [b]) => (a < b ? -1 : 1));
  }

  /** The one that a token's issuer names. */
  find(authority: string): TrustedAuthority | undefined {
    return this.list().find(([, each]) => each.authority === authority)?.[1];
  }
}
