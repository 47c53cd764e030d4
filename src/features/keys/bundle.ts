// Keys as the wire shows them: bundles and list items, members in alphabetical order as the service sends them.
import type { KeyVersion } from './key-version.ts';

/** What the instance promises about deletion, shown with every key. */
export interface Retention {
  readonly recoverableDays: number;
  readonly recoveryLevel: string;
}

export function retentionOf(days: number, purgeProtection: boolean): Retention {
  const base = days === 90 ? 'Recoverable' : 'CustomizedRecoverable';
  return { recoverableDays: days, recoveryLevel: purgeProtection ? base : `${base}+Purgeable` };
}

export function keyId(origin: string, key: { readonly name: string; readonly version: string }): string {
  return `${origin}/keys/${key.name}/${key.version}`;
}

export function keyBundle(key: KeyVersion, origin: string, retention: Retention): object {
  return {
    attributes: wireAttributes(key, retention),
    key: wireKey(key, origin),
    ...(key.tags === undefined ? {} : { tags: key.tags }),
  };
}

/** @param kid with version in lists of versions, without in lists of keys */
export function keyItem(key: KeyVersion, kid: string, retention: Retention): object {
  return {
    attributes: wireAttributes(key, retention),
    kid,
    ...(key.tags === undefined ? {} : { tags: key.tags }),
  };
}

function wireKey(key: KeyVersion, origin: string): object {
  const { publicKey } = key;
  const common = { key_ops: key.keyOps, kid: keyId(origin, key), kty: key.kty };
  switch (publicKey.kty) {
    case 'RSA-HSM':
      return { e: publicKey.e, ...common, n: publicKey.n };
    case 'EC-HSM':
      return { crv: publicKey.crv, ...common, x: publicKey.x, y: publicKey.y };
    case 'oct-HSM':
      return common;
  }
}

function wireAttributes(key: KeyVersion, retention: Retention): object {
  const { created, enabled, exp, exportable, nbf, updated } = key.attributes;
  return {
    created,
    enabled,
    ...(exp === undefined ? {} : { exp }),
    exportable,
    ...(nbf === undefined ? {} : { nbf }),
    recoverableDays: retention.recoverableDays,
    recoveryLevel: retention.recoveryLevel,
    updated,
  };
}
