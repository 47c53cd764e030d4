// The attestation authorities that this instance trusts: sealed records `release/authority/{name}`, made by its
// administrators. None is trusted until one is named here, and nothing is fetched unless a record says so.

import { normalAuthority } from '../../../formats/release-policy/grammar.ts';
import { member, readGivenObject, readOptionalText, readText } from '../../../http/body.ts';
import type { JsonObject } from '../../../http/route.ts';
import { ServiceError } from '../../../http/service-error.ts';
import { isAbsent } from '../../../http/tolerance.ts';
import { StoreError } from '../../../store/port.ts';
import { readSigningKeys } from '../../auth/signing-key.ts';

export interface TrustedAuthority {
  /** As `normalAuthority` gives it: what tokens name as their issuer, and policies as their authority. */
  readonly authority: string;
  readonly keys:
    | { readonly kind: 'pinned'; readonly jwks: unknown }
    /** From `{authority}/.well-known/openid-configuration`; `ca`: PEM of the only authority trusted for it. */
    | { readonly kind: 'fetched'; readonly ca: string | undefined };
}

export const MAX_AUTHORITIES = 20;
const PREFIX = 'release/authority/';
const NAME = /^[a-z0-9-]{1,64}$/;

export function authorityRecordName(name: string): string {
  return PREFIX + name;
}

/** @throws ServiceError BadParameter */
export function requireAuthorityName(name: string | undefined): string {
  if (name !== undefined && NAME.test(name)) return name;
  throw new ServiceError('BadParameter', 'The name of an authority must be 1 to 64 characters of a-z, 0-9 and -');
}

/** `{authority, jwks}` pins keys, `{authority, fetch: {ca?}}` has them fetched. @throws ServiceError BadParameter */
export function readAuthority(body: JsonObject): TrustedAuthority {
  const authority = normalAuthority(readText(body, 'authority'));
  if (authority === undefined) {
    throw new ServiceError(
      'BadParameter',
      "Property 'authority' must be an https address without query or credentials",
    );
  }
  const fetch = readGivenObject(body, 'fetch');
  const jwks = member(body, 'jwks');
  if (isAbsent(jwks) === (fetch === undefined)) {
    throw new ServiceError('BadParameter', "Exactly one of 'jwks' (keys to pin) and 'fetch' must be there");
  }
  if (fetch !== undefined) {
    const ca = readOptionalText(fetch, 'ca');
    if (ca !== undefined && (ca.length > 65_536 || !ca.includes('-----BEGIN CERTIFICATE-----'))) {
      throw new ServiceError('BadParameter', "Property 'fetch.ca' must be certificates in PEM");
    }
    return { authority, keys: { kind: 'fetched', ca } };
  }
  try {
    readSigningKeys(jwks);
  } catch (cause) {
    throw new ServiceError('BadParameter', `Property 'jwks': ${(cause as Error).message}`, { cause });
  }
  return { authority, keys: { kind: 'pinned', jwks } };
}

export class TrustedAuthorities {
  readonly #byName = new Map<string, TrustedAuthority>();

  /** Records of other features are left alone. */
  apply(change: { readonly name: string; readonly value: Uint8Array | null }): void {
    if (!change.name.startsWith(PREFIX)) return;
    const name = change.name.slice(PREFIX.length);
    if (change.value === null) this.#byName.delete(name);
    else this.#byName.set(name, decodeAuthority(change.value));
  }

  get(name: string): TrustedAuthority | undefined {
    return this.#byName.get(name);
  }

  /** By names, in their order. */
  list(): readonly (readonly [name: string, authority: TrustedAuthority])[] {
    return [...this.#byName].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The one that a token's issuer names. */
  find(authority: string): TrustedAuthority | undefined {
    for (const trusted of this.#byName.values()) if (trusted.authority === authority) return trusted;
    return undefined;
  }
}

export function encodeAuthority(authority: TrustedAuthority): Uint8Array {
  return Buffer.from(JSON.stringify(authority), 'utf8');
}

function decodeAuthority(value: Uint8Array): TrustedAuthority {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as TrustedAuthority;
  if (typeof stored.authority !== 'string' || !['pinned', 'fetched'].includes(stored.keys.kind)) {
    throw new StoreError('Damaged', 'a record of a trusted authority does not have the members of one');
  }
  return stored.keys.kind === 'fetched' ? { ...stored, keys: { kind: 'fetched', ca: stored.keys.ca } } : stored;
}
