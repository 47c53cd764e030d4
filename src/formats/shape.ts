// Shapes of JSON documents that come from outside (files, bodies): closed, strict, naming the member that is wrong.
// A reader takes a value and its path and returns the same value typed; members that no reader names are refused.
import { fromBase64url } from './base64url.ts';
import { isGuid as isGuidText } from './guid.ts';
import { isOneLine } from './printable.ts';

export type Reader<T> = (value: unknown, path: string) => T;
type Readers = Readonly<Record<string, Reader<unknown>>>;
type Required<F extends Readers> = { readonly [K in keyof F]: ReturnType<F[K]> };
type Optional<F extends Readers> = { readonly [K in keyof F]?: ReturnType<F[K]> };

/** What was read is not what it must be; names the member. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

export function isGuid(value: unknown): value is string {
  return typeof value === 'string' && isGuidText(value);
}

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw new ShapeError(`${path} must be a string`);
  if (value.length > 65_536) throw new ShapeError(`${path} is too long`);
  return value;
};

export const guid: Reader<string> = (value, path) => {
  if (!isGuid(value)) throw new ShapeError(`${path} must be a GUID`);
  return value.toLowerCase();
};

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new ShapeError(`${path} must be true or false`);
  return value;
};

export function matching(pattern: RegExp, what: string): Reader<string> {
  return (value, path) => {
    if (!pattern.test(text(value, path))) throw new ShapeError(`${path} must be ${what}`);
    return value as string;
  };
}

export const sha256: Reader<string> = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');

/** Exactly so many bytes, strict. */
export function base64urlOf(length: number): Reader<string> {
  return (value, path) => {
    let bytes: Buffer;
    try {
      bytes = fromBase64url(text(value, path));
    } catch (cause) {
      throw new ShapeError(`${path} must be base64url`, { cause });
    }
    if (bytes.length !== length) throw new ShapeError(`${path} must be ${length} bytes as base64url`);
    return value as string;
  };
}

/** Of people, and for people. */
export function oneLine(most: number): Reader<string> {
  return (value, path) => {
    if (text(value, path).length <= most && isOneLine(value as string)) return value as string;
    throw new ShapeError(`${path} must be at most ${most} characters on one line`);
  };
}

export const isoTime: Reader<string> = (value, path) => {
  const time = new Date(text(value, path));
  if (!Number.isNaN(time.getTime()) && time.toISOString() === value) return value;
  throw new ShapeError(`${path} must be an ISO time like 2026-01-31T12:00:00.000Z`);
};

export const finite: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(`${path} must be a number`);
  return value;
};

/** A part of a whole. */
export const share: Reader<number> = (value, path) => {
  const part = finite(value, path);
  if (part < 0 || part > 1) throw new ShapeError(`${path} must be a number from 0 to 1`);
  return part;
};

export function integer(least: number, most: number): Reader<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw new ShapeError(`${path} must be an integer from ${least} to ${most}`);
    }
    return value;
  };
}

export function oneOf<const T extends string | number>(...allowed: readonly T[]): Reader<T> {
  return (value, path) => {
    if (!allowed.includes(value as T)) throw new ShapeError(`${path} must be one of: ${allowed.join(', ')}`);
    return value as T;
  };
}

export function list<T>(item: Reader<T>, most = 10_000): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(`${path} must be a list`);
    if (value.length > most) throw new ShapeError(`${path} has more than ${most} items`);
    return value.map((each, index) => item(each, `${path}[${index}]`));
  };
}

/** A map with free names. Comes back without a prototype, so no name means anything to the language. */
export function mapOf<T>(item: Reader<T>, most = 1_000): Reader<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(object(value, path));
    if (entries.length > most) throw new ShapeError(`${path} has more than ${most} members`);
    const map = Object.create(null) as Record<string, T>;
    for (const [name, each] of entries) map[name] = item(each, `${path}.${name}`);
    return map;
  };
}

/** An object with these members and no others; `optional` ones may be absent (null is not absent). */
export function record<F extends Readers, O extends Readers = Record<never, never>>(
  required: F,
  optional?: O,
): Reader<Required<F> & Optional<O>> {
  const fields = new Map<string, Reader<unknown>>([...Object.entries(required), ...Object.entries(optional ?? {})]);
  return (value, path) => {
    const given = object(value, path);
    for (const name of Object.keys(given)) {
      if (!fields.has(name)) throw new ShapeError(`${path} has the unknown member "${name.slice(0, 64)}"`);
    }
    const result: Record<string, unknown> = {};
    for (const [name, read] of fields) {
      if (Object.hasOwn(given, name)) result[name] = read(given[name], `${path}.${name}`);
      else if (Object.hasOwn(required, name)) throw new ShapeError(`${path}.${name} is missing`);
    }
    return result as Required<F> & Optional<O>;
  };
}

/** One of several records, told by its member `kind`. */
export function byKind<F extends Readers>(kinds: F): Reader<ReturnType<F[keyof F]>> {
  return (value, path) => {
    const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind;
    const read = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (read === undefined) throw new ShapeError(`${path}.kind must be one of: ${Object.keys(kinds).join(', ')}`);
    return read(value, path) as ReturnType<F[keyof F]>;
  };
}

function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShapeError(`${path} must be an object`);
  }
  return value as Readonly<Record<string, unknown>>;
}
