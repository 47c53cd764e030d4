// What every reader of bodies forgives, on both planes: released clients send all of it unasked, and the service takes it.
// Strict about meaning, tolerant about form: what is ambiguous or has a wrong value is refused by the readers themselves.
import { fromBase64url } from '../formats/base64url.ts';

/** Not said: the member is not there or null. */
export function isUnset(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Absent where a member is optional: besides null, clients write "", [] and {} for what they leave out. */
export function isAbsent(value: unknown): boolean {
  if (isUnset(value) || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Digits as text are a number. Undefined: it is no integer. */
export function toInteger(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/** `"true"` and `"false"` are booleans, however they are spelled. Undefined: it is neither. */
export function toFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

const PADDED = /^[^=]+={1,2}$/;

/**
 * base64url or standard base64, with padding or without. Answers have base64url without padding alone.
 * @throws Base64Error on anything else: white space, padding of a wrong length, impossible lengths, spare bits
 */
export function toBytes(text: string): Buffer {
  const bare = text.length % 4 === 0 && PADDED.test(text) ? text.replace(/=+$/, '') : text;
  return fromBase64url(bare.replaceAll('+', '-').replaceAll('/', '_'));
}
