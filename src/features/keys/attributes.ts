// Attributes and tags that a request may set, checked as create and update need them.
import {
  member,
  readGivenObject,
  readOptionalBoolean,
  readOptionalInteger,
  readOptionalObject,
  wrongType,
} from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';

/** Absent members leave the value as it is (update) or at its default (create). */
export interface RequestedAttributes {
  readonly enabled?: boolean;
  readonly nbf?: number;
  readonly exp?: number;
  /** May be said when a key is made, and repeated afterwards. */
  readonly exportable?: boolean;
}

/** What a record has room for; an instance may be set to fewer. */
export const MAX_TAGS = 50;
const MAX_TAG_LENGTH = 256;

/** @throws ServiceError BadParameter */
export function readAttributes(body: JsonObject): RequestedAttributes {
  rejectExternalKey(body);
  const attributes = readOptionalObject(body, 'attributes') ?? {};
  const exportable = readOptionalBoolean(attributes, 'exportable');
  const enabled = readOptionalBoolean(attributes, 'enabled');
  const nbf = readTime(attributes, 'nbf');
  const exp = readTime(attributes, 'exp');
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(nbf === undefined ? {} : { nbf }),
    ...(exp === undefined ? {} : { exp }),
    ...(exportable === undefined ? {} : { exportable }),
  };
}

/** Keys that another key manager keeps. They come without a type, so this is looked at first. @throws ServiceError BadParameter */
export function rejectExternalKey(body: JsonObject): void {
  for (const [at, object] of [
    ['', body],
    ['attributes.', readOptionalObject(body, 'attributes') ?? {}],
  ] as const) {
    if (isAbsent(member(object, 'external_key'))) continue;
    throw new ServiceError(
      'BadParameter',
      `Property '${at}external_key' is not offered by this service: it keeps its keys itself and reaches no other key manager`,
    );
  }
}

/** nbf is the first second of validity, exp the first after it. @throws ServiceError BadParameter */
export function checkValidity(attributes: { readonly nbf?: number; readonly exp?: number }): void {
  if (attributes.nbf !== undefined && attributes.exp !== undefined && attributes.nbf >= attributes.exp) {
    throw new ServiceError('BadParameter', 'attributes.nbf must be before attributes.exp');
  }
}

/** The complete new set of tags, or undefined when the body has none. @throws ServiceError BadParameter */
export function readTags(body: JsonObject): Readonly<Record<string, string>> | undefined {
  const tags = readGivenObject(body, 'tags');
  if (tags === undefined) return undefined;
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) throw new ServiceError('BadParameter', `A key has at most ${MAX_TAGS} tags`);
  for (const [name, value] of entries) {
    if (typeof value !== 'string') throw wrongType(`tags.${name.slice(0, 40)}`, 'a string');
    if (name.length > MAX_TAG_LENGTH || value.length > MAX_TAG_LENGTH) {
      throw new ServiceError('BadParameter', `Tag names and values have at most ${MAX_TAG_LENGTH} characters`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function readTime(attributes: JsonObject, name: string): number | undefined {
  const value = readOptionalInteger(attributes, name);
  if (value !== undefined && value < 0) throw wrongType(`attributes.${name}`, 'Unix seconds, not negative');
  return value;
}
