// Reads members of a JSON body strictly: the wrong type or form is refused with the member's name and the way out.
// Unknown members are left alone, as the service does.
import { fromBase64url } from '../formats/base64url.ts';
import type { JsonObject } from './route.ts';
import { ServiceError } from './service-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body as a JSON object. @throws ServiceError BadParameter */
export function parseJsonObject(bytes: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new ServiceError('BadParameter', 'The request body is not valid JSON in UTF-8', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ServiceError('BadParameter', 'The request body must be a JSON object');
  }
  return value as JsonObject;
}

export function wrongType(member: string, expected: string): ServiceError {
  return new ServiceError('BadParameter', `Property '${member}' must be ${expected}`);
}

/** Absent and null are the same to the service's clients. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Own member only: `__proto__` and the like are never found. */
export function member(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

export function readText(body: JsonObject, name: string): string {
  const value = member(body, name);
  if (isAbsent(value)) throw new ServiceError('BadParameter', `Property '${name}' is required`);
  if (typeof value !== 'string') throw wrongType(name, 'a string');
  return value;
}

export function readOptionalText(body: JsonObject, name: string): string | undefined {
  return isAbsent(member(body, name)) ? undefined : readText(body, name);
}

export function readOptionalInteger(body: JsonObject, name: string): number | undefined {
  const value = member(body, name);
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(name, 'an integer');
  return value;
}

export function readOptionalBoolean(body: JsonObject, name: string): boolean | undefined {
  const value = member(body, name);
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false');
  return value;
}

export function readOptionalObject(body: JsonObject, name: string): JsonObject | undefined {
  const value = member(body, name);
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(name, 'an object');
  return value as JsonObject;
}

export function readOptionalTextList(body: JsonObject, name: string): string[] | undefined {
  const value = member(body, name);
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw wrongType(name, 'a list of strings');
  return value as string[];
}

/** base64url without padding (RFC 4648 §5). */
export function readBytes(body: JsonObject, name: string): Buffer {
  const text = readText(body, name);
  try {
    return fromBase64url(text);
  } catch (cause) {
    throw new ServiceError('BadParameter', `Property '${name}' is not base64url without padding (RFC 4648 §5)`, {
      cause,
    });
  }
}

export function readOptionalBytes(body: JsonObject, name: string): Buffer | undefined {
  return isAbsent(member(body, name)) ? undefined : readBytes(body, name);
}
