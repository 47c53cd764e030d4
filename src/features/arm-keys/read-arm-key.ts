// The body of a key as the resource manager's clients send it, turned into what a key's creation reads.
import { member, readOptionalObject } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { isAbsent } from '../../http/tolerance.ts';
import { type CreateKey, readCreateKey } from '../keys/create.ts';

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
