// Closed objects in role bodies. A member that we don't know may be meant to narrow a right (a condition, an end date),
// so it is refused rather than left out. One that is empty narrows nothing.
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { isAbsent, isUnsaid } from '../../http/tolerance.ts';

/** @throws ServiceError BadParameter naming the first member that is not in the list */
export function rejectUnknownMembers(object: JsonObject, path: string, known: readonly string[]): void {
  const spare = Object.keys(object).find((name) => !known.includes(name) && !isAbsent(object[name]));
  if (spare === undefined) return;
  throw new ServiceError(
    'BadParameter',
    `Property '${path}${clip(spare)}' is not supported; remove it (supported: ${known.join(', ')})`,
  );
}

/** The object `properties` of the body. @throws ServiceError BadParameter */
export function readProperties(body: JsonObject): JsonObject {
  rejectUnknownMembers(body, '', ['id', 'name', 'type', 'properties']);
  const properties = Object.hasOwn(body, 'properties') ? body.properties : undefined;
  if (isUnsaid(properties)) throw new ServiceError('BadParameter', "Property 'properties' is required");
  if (typeof properties !== 'object' || Array.isArray(properties)) {
    throw new ServiceError('BadParameter', "Property 'properties' must be an object");
  }
  return properties as JsonObject;
}

/** What a client sent, short enough for a message. */
export function clip(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}
