// Reads members of a data-plane body: the wrong type or value is refused with the member's name and the way out; what the
// service forgives is forgiven (`lenient-body.ts`). Unknown members are left alone, as the service does.

import { isAbsent, isUnset, toBytes, toFlag, toInteger } from './lenient-body.ts';
import type { JsonObject } from './route.ts';
import { badParameter, type ServiceError } from './service-error.ts';

export function wrongType(member: string, expected: string): ServiceError {
  return badParameter(`Property '${member}' must be ${expected}`);
}

/** Own member only: `__proto__` and the like are never found. */
export function member(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

export function readText(body: JsonObject, name: string): string {
  const value = member(body, name);
  if (isUnset(value)) throw badParameter(`Property '${name}' is required`);
  if (typeof value !== 'string') throw wrongType(name, 'a string');
  return value;
}

export function readOptionalText(body: JsonObject, name: string): string | undefined {
  return isAbsent(member(body, name)) ? undefined : readText(body, name);
}

/** A reader of a member that may be absent. @param convert undefined: it is something else */
function optional<T>(expected: string, convert: (value: unknown) => T | undefined) {
  return (body: JsonObject, name: string): T | undefined => {
    const value = member(body, name);
    return isAbsent(value) ? undefined : (convert(value) ?? refuseType(name, expected));
  };
}

function refuseType(name: string, expected: string): never {
  throw wrongType(name, expected);
}

export const readOptionalInteger = optional('an integer', toInteger);
export const readOptionalBoolean = optional('true or false', toFlag);
export const readOptionalObject = optional('an object', toObject);
export const readOptionalTextList = optional('a list of strings', (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? (value as string[]) : undefined,
);

/** An object that says something also when it is empty: of a set that nothing is to be left in it. */
export function readGivenObject(body: JsonObject, name: string): JsonObject | undefined {
  const value = member(body, name);
  return isUnset(value) || value === '' ? undefined : (toObject(value) ?? refuseType(name, 'an object'));
}

function toObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** base64url (RFC 4648 §5), or what clients send for it. */
export function readBytes(body: JsonObject, name: string): Buffer {
  const text = readText(body, name);
  try {
    return toBytes(text);
  } catch (cause) {
    throw badParameter(`Property '${name}' is not base64url (RFC 4648 §5)`, { cause });
  }
}

export function readOptionalBytes(body: JsonObject, name: string): Buffer | undefined {
  return isAbsent(member(body, name)) ? undefined : readBytes(body, name);
}
