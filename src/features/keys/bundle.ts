// Keys as the wire shows them: bundles and list items, members in alphabetical order as the service sends them; those that a
// key does not have are undefined, and no JSON has them.
import { hasVersion } from '../../http/api-version.ts';
import type { Answer, RowRequest } from '../../http/route.ts';
import { type KeyVersion, keyId } from './key-version.ts';
import { wirePolicy } from './release-policy.ts';

/** What the instance promises about deletion, shown with every key. */
export interface Retention {
  readonly recoverableDays: number;
  readonly recoveryLevel: string;
  /** Nobody can purge a key before its time. */
  readonly purgeProtection: boolean;
}

/** Who looks: a request, or the parts of it that decide what a key looks like. */
export type Viewer = Pick<RowRequest<unknown>, 'origin' | 'apiVersion' | 'names'>;

/** First api-version that shows the size of symmetric keys. */
export const KEY_SIZE_SINCE = '2026-01-01-preview';

/** A key as what a request answers, and puts on record. */
export function keyAnswer(key: KeyVersion, viewer: Viewer, retention: Retention, more: Partial<Answer> = {}): Answer {
  return { status: 200, body: keyBundle(key, viewer, retention), key: keyId('', key), ...more };
}

export function keyBundle(key: KeyVersion, viewer: Viewer, retention: Retention) {
  const attributes = wireAttributes(key, viewer, retention);
  return { attributes, key: wireKey(key, viewer), ...wirePolicy(key), tags: key.tags };
}

/** @param kid with version in lists of versions, without in lists of keys */
export function keyItem(key: KeyVersion, kid: string, viewer: Viewer, retention: Retention): object {
  return { attributes: wireAttributes(key, viewer, retention), kid, tags: key.tags };
}

function wireKey(key: KeyVersion, { origin, names }: Viewer): object {
  const own: { readonly [name in 'kty' | 'alg' | 'crv' | 'e' | 'n' | 'pub' | 'x' | 'y']?: string } = key.publicKey;
  const { alg, crv, e, n, pub, x, y } = own;
  // Clients made for vaults alone know the types by these names only.
  const kty = names === 'vault' ? key.kty.replace(/-HSM$/, '') : key.kty;
  return { alg, crv, e, key_ops: key.keyOps, kid: keyId(origin, key), kty, n, pub, x, y };
}

function wireAttributes(key: KeyVersion, { apiVersion }: Viewer, retention: Retention): object {
  const { created, enabled, exp, exportable, nbf, updated } = key.attributes;
  const { recoverableDays, recoveryLevel } = retention;
  const { publicKey } = key;
  const showsSize = publicKey.kty === 'oct-HSM' && hasVersion(apiVersion, KEY_SIZE_SINCE);
  const key_size = showsSize ? publicKey.size : undefined;
  return { created, enabled, exp, exportable, key_size, nbf, recoverableDays, recoveryLevel, updated };
}
