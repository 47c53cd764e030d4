// The body of a key as the resource manager's clients send it, turned into what a key's creation reads.

import { fromBase64url } from '../../formats/base64url.ts';
import { member, readOptionalObject } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import type { Retention } from '../keys/bundle.ts';
import { type CreateKey, createKey, readCreateKey } from '../keys/create.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { wirePolicy } from '../keys/release-policy.ts';

export type ArmKeyBody = CreateKey;

const MEMBERS: Readonly<Record<string, string>> = {
  kty: 'kty',
  keySize: 'key_size',
  curveName: 'crv',
  keyOps: 'key_ops',
  attributes: 'attributes',
  release_policy: 'release_policy',
};

/** @throws ServiceError BadParameter */
export function readArmKey(body: JsonObject): ArmKeyBody {
  const properties = readOptionalObject(body, 'properties');
  if (properties === undefined) throw new ServiceError('BadParameter', 'properties is missing');
  if (!isAbsent(member(properties, 'rotationPolicy'))) {
    throw new ServiceError(
      'BadParameter',
      'properties.rotationPolicy is set in the HSM itself, not through the resource manager',
    );
  }
  const create = Object.fromEntries(
    Object.entries(MEMBERS).flatMap(([given, name]) => {
      const value = member(properties, given);
      return isAbsent(value) ? [] : [[name, value]];
    }),
  );
  const tags = member(body, 'tags');
  return readCreateKey({ ...create, ...(isAbsent(tags) ? {} : { tags }) });
}

// Makes a key where there is none of the name; a key that exists stays as it is and is what is answered.

class Exists extends Error {}

/** @returns `head` when a key was made */
export async function createIfNotExists(
  name: string,
  asked: CreateKey,
  commit: Commit,
  service: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head?: Head }> {
  const { keys } = service;
  const existing = keys.find(name);
  if (existing !== undefined) return { key: existing };
  try {
    return await createKey(
      name,
      asked,
      (plan) =>
        commit(() => {
          // Of two at the same time the second one finds the first one's key.
          if (keys.find(name) !== undefined) throw new Exists();
          return plan();
        }),
      service,
    );
  } catch (error) {
    const made = error instanceof Exists ? keys.find(name) : undefined;
    if (made === undefined) throw error;
    return { key: made };
  }
}

// A key in the terms of the resource manager; ids and addresses are added by whoever knows the caller's names.

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
