// What a request says of a key beside its material: attributes, operations, tags and release policy.
import { given } from '../../formats/given.ts';
import { isSecure } from '../../formats/key-wrap-modes.ts';
import {
  member,
  readGivenObject,
  readOptionalBoolean,
  readOptionalInteger,
  readOptionalObject,
  readOptionalTextList,
  wrongType,
} from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { resolveKeyOps } from './key-types.ts';
import { type KeyVersion, MAX_TAGS } from './key-version.ts';
import { type KeyReleasePolicy, policyFromCreation, requireReleasePolicy } from './release-policy.ts';

/** Absent members leave the value as it is (update) or at its default (create); `exportable` is fixed when a key is made. */
export type RequestedAttributes = Partial<Omit<KeyVersion['attributes'], 'created' | 'updated'>>;

export interface KeyRules {
  readonly keyOps: readonly string[];
  readonly attributes: RequestedAttributes;
  readonly tags: KeyVersion['tags'] | undefined;
  readonly releasePolicy: KeyReleasePolicy | undefined;
}

const MAX_TAG_LENGTH = 256;

/**
 * Of a key that is made here, or brought.
 * @param ops has the member `key_ops`: the body, or the JWK in it @throws ServiceError BadParameter
 */
export function readKeyRules(
  body: JsonObject,
  kty: KeyVersion['kty'],
  ops: JsonObject,
  origin: 'made' | 'brought',
): KeyRules {
  const attributes = readAttributes(body);
  checkValidity(attributes);
  const { exportable } = attributes;
  const keyOps = resolveKeyOps(kty, readOptionalTextList(ops, 'key_ops'), exportable);
  const secure = isSecure(keyOps);
  if (secure && origin === 'brought') {
    throw badParameter(
      "key_ops 'secureWrapKey' and 'secureUnwrapKey' are for keys made here: who brings a key could open all that it wraps",
    );
  }
  const policy = requireReleasePolicy(body, { exportable, secure });
  const releasePolicy = origin === 'made' ? policyFromCreation(policy) : policy;
  return { keyOps, attributes, tags: readTags(body), releasePolicy };
}

/** @throws ServiceError BadParameter */
export function readAttributes(body: JsonObject): RequestedAttributes {
  rejectExternalKey(body);
  const attributes = readOptionalObject(body, 'attributes') ?? {};
  const exportable = readOptionalBoolean(attributes, 'exportable');
  const enabled = readOptionalBoolean(attributes, 'enabled');
  return given({ enabled, nbf: readTime(attributes, 'nbf'), exp: readTime(attributes, 'exp'), exportable });
}

/** Keys that another key manager keeps. They come without a type, so this is looked at first. @throws ServiceError BadParameter */
export function rejectExternalKey(body: JsonObject): void {
  for (const [at, object] of [
    ['', body],
    ['attributes.', readOptionalObject(body, 'attributes') ?? {}],
  ] as const) {
    if (isAbsent(member(object, 'external_key'))) continue;
    throw badParameter(
      `Property '${at}external_key' is not offered by this service: it keeps its keys itself and reaches no other key manager`,
    );
  }
}

/** nbf is the first second of validity, exp the first after it. @throws ServiceError BadParameter */
export function checkValidity({ nbf, exp }: RequestedAttributes): void {
  if (nbf !== undefined && exp !== undefined && nbf >= exp) {
    throw badParameter('attributes.nbf must be before attributes.exp');
  }
}

/** The complete new set of tags, or undefined when the body has none. @throws ServiceError BadParameter */
export function readTags(body: JsonObject): KeyVersion['tags'] | undefined {
  const tags = readGivenObject(body, 'tags');
  if (tags === undefined) return undefined;
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) throw badParameter(`A key has at most ${MAX_TAGS} tags`);
  for (const [name, value] of entries) {
    if (typeof value !== 'string') throw wrongType(`tags.${name.slice(0, 40)}`, 'a string');
    if (name.length > MAX_TAG_LENGTH || value.length > MAX_TAG_LENGTH) {
      throw badParameter(`Tag names and values have at most ${MAX_TAG_LENGTH} characters`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function readTime(attributes: JsonObject, name: string): number | undefined {
  const value = readOptionalInteger(attributes, name);
  if (value !== undefined && value < 0) throw wrongType(`attributes.${name}`, 'Unix seconds, not negative');
  return value;
}
