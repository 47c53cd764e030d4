// The body of a key as the resource manager's clients send it, turned into what a key's creation reads.

import { member, readOptionalObject } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import type { Retention } from '../keys/bundle.ts';
import { type CreateKey, createKey, readCreateKey } from '../keys/create.ts';
import { kindOf } from '../keys/key-types.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { wirePolicy } from '../keys/release-policy.ts';

const MEMBERS: Readonly<Record<string, string>> = {
  kty: 'kty',
  keySize: 'key_size',
  curveName: 'crv',
  keyOps: 'key_ops',
  attributes: 'attributes',
  release_policy: 'release_policy',
  tags: 'tags',
};

/** @throws ServiceError BadParameter */
export function readArmKey(body: JsonObject): CreateKey {
  const properties = readOptionalObject(body, 'properties');
  if (properties === undefined) throw badParameter('properties is missing');
  if (!isAbsent(member(properties, 'rotationPolicy'))) {
    throw badParameter('properties.rotationPolicy is set in the HSM itself, not through the resource manager');
  }
  const given = { ...properties, tags: member(body, 'tags') };
  const create = Object.entries(MEMBERS).map(([theirs, ours]) => [ours, member(given, theirs)] as const);
  return readCreateKey(Object.fromEntries(create.filter(([, value]) => !isAbsent(value))));
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
  const commitNew: Commit = (plan) =>
    commit(() => {
      // Of two at the same time the second one finds the first one's key.
      if (keys.find(name) !== undefined) throw new Exists();
      return plan();
    });
  try {
    return await createKey(name, asked, commitNew, service);
  } catch (error) {
    const made = error instanceof Exists ? keys.find(name) : undefined;
    if (made === undefined) throw error;
    return { key: made };
  }
}

// A key in the terms of the resource manager; ids and addresses are added by whoever knows the caller's names.

export function describeArmKey(key: KeyVersion, { recoveryLevel }: Retention): object {
  const { name, version, tags, keyOps, publicKey } = key;
  const { created, enabled, exp, exportable, nbf, updated } = key.attributes;
  const { kty, size: keySize, curve: curveName } = kindOf(publicKey);
  const attributes = { created, enabled, exp, exportable, nbf, recoveryLevel, updated };
  return { name, version, tags, properties: { attributes, keyOps, kty, keySize, curveName, ...wirePolicy(key) } };
}
