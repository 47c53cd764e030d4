// Keys as the wire shows them: bundles and list items, members in alphabetical order as the service sends them.
import { hasVersion } from '../../http/api-version.ts';
import type { RowRequest } from '../../http/route.ts';
import type { KeyVersion } from './key-version.ts';
import { wirePolicy } from './release-policy.ts';

/** What the instance promises about deletion, shown with every key. */
export interface Retention {
  readonly recoverableDays: number;
  readonly recoveryLevel: string;
  /** Nobody can purge a key before its time. */
  readonly purgeProtection: boolean;
}

export function retentionOf(days: number, purgeProtection: boolean): Retention {
  const base = days === 90 ? 'Recoverable' : 'CustomizedRecoverable';
  return { recoverableDays: days, recoveryLevel: purgeProtection ? base : `${base}+Purgeable`, purgeProtection };
}

export function keyId(origin: string, key: { readonly name: string; readonly version: string }): string {
  return `${origin}/keys/${key.name}/${key.version}`;
}

/** Who looks: a request, or the parts of it that decide what a key looks like. */
export type Viewer = Pick<RowRequest<unknown>, 'origin' | 'apiVersion' | 'names'>;

/** First api-version that shows the size of symmetric keys. */
export const KEY_SIZE_SINCE = '2026-01-01-preview';

export function keyBundle(key: KeyVersion, viewer: Viewer, retention: Retention): object {
  return {
    attributes: wireAttributes(key, viewer, retention),
    key: wireKey(key, viewer),
    ...wirePolicy(key),
    ...(key.tags === undefined ? {} : { tags: key.tags }),
  };
}

/** @param kid with version in lists of versions, without in lists of keys */
export function keyItem(key: KeyVersion, kid: string, viewer: Viewer, retention: Retention): object {
  return {
    attributes: wireAttributes(key, viewer, retention),
    kid,
    ...(key.tags === undefined ? {} : { tags: key.tags }),
  };
}

function wireKey(key: KeyVersion, { origin, names }: Viewer): object {
  const { publicKey } = key;
  // Clients made for vaults alone know the types by these names only.
  const kty = names === 'vault' ? key.kty.replace(/-HSM$/, '') : key.kty;
  const common = { key_ops: key.keyOps, kid: keyId(origin, key), kty };
  switch (publicKey.kty) {
    case 'RSA-HSM':
      return { e: publicKey.e, ...common, n: publicKey.n };
    case 'EC-HSM':
      return { crv: publicKey.crv, ...common, x: publicKey.x, y: publicKey.y };
    case 'oct-HSM':
      return common;
    case 'AKP-HSM':
      return { alg: publicKey.alg, ...common, pub: publicKey.pub };
  }
}

function wireAttributes(key: KeyVersion, { apiVersion }: Viewer, retention: Retention): object {
  const { created, enabled, exp, exportable, nbf, updated } = key.attributes;
  const { publicKey } = key;
  const showsSize = publicKey.kty === 'oct-HSM' && hasVersion(apiVersion, KEY_SIZE_SINCE);
  return {
    created,
    enabled,
    ...(exp === undefined ? {} : { exp }),
    exportable,
    ...(showsSize ? { key_size: publicKey.size } : {}),
    ...(nbf === undefined ? {} : { nbf }),
    recoverableDays: retention.recoverableDays,
    recoveryLevel: retention.recoveryLevel,
    updated,
  };
}
