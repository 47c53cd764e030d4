// A key in the terms of the resource manager; ids and addresses are added by whoever knows the caller's names.
import { fromBase64url } from '../../formats/base64url.ts';
import type { Retention } from '../keys/bundle.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { wirePolicy } from '../keys/release-policy.ts';

export function describeArmKey(key: KeyVersion, { recoveryLevel }: Retention): object {
  const { created, enabled, exp, exportable, nbf, updated } = key.attributes;
  return {
    name: key.name,
    version: key.version,
    ...(key.tags === undefined ? {} : { tags: key.tags }),
    properties: {
      attributes: {
        created,
        enabled,
        ...(exp === undefined ? {} : { exp }),
        exportable,
        ...(nbf === undefined ? {} : { nbf }),
        recoveryLevel,
        updated,
      },
      keyOps: key.keyOps,
      kty: key.kty,
      ...sizeOf(key),
      ...wirePolicy(key),
    },
  };
}

function sizeOf({ publicKey }: KeyVersion): object {
  switch (publicKey.kty) {
    case 'RSA-HSM':
      return { keySize: fromBase64url(publicKey.n).length * 8 };
    case 'EC-HSM':
      return { curveName: publicKey.crv };
    case 'oct-HSM':
      return { keySize: publicKey.size };
    case 'AKP-HSM':
      return {};
  }
}
