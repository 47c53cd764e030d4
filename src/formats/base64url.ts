// base64url without padding (RFC 4648 §5), strict: what decodes prints back to the same text.
import { hash } from 'node:crypto';

export class Base64Error extends Error {
  override readonly name = 'Base64Error';
}

const ALPHABET = /^[A-Za-z0-9_-]*$/;
/** By their values. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function toBase64url(bytes: Uint8Array): string {
  const own = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return own.toString('base64url');
}

/** @throws Base64Error on padding, white space, foreign characters, impossible lengths and non-zero spare bits */
export function fromBase64url(text: string): Buffer {
  // Node's own decoder skips what it does not know and accepts both alphabets, so the text is checked first.
  if (text.length % 4 === 1 || !ALPHABET.test(text)) throw new Base64Error('not base64url without padding');
  const rest = text.length % 4;
  if (rest !== 0 && (DIGITS.indexOf(text.at(-1) as string) & (rest === 2 ? 0b1111 : 0b11)) !== 0) {
    throw new Base64Error('base64url with spare bits set');
  }
  return Buffer.from(text, 'base64url');
}

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64 with padding (`x5c` members, RFC 7517 §4.7), as strict. @throws Base64Error */
export function fromBase64(text: string): Buffer {
  if (text.length % 4 !== 0 || !STANDARD.test(text)) throw new Base64Error('not base64 with padding');
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Base64Error('not canonical base64');
  return bytes;
}

/** By which certificates, keys and documents are named (x5t#S256). */
export function sha256url(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'base64url');
}

/** 32 bytes as base64url. */
export function isSha256(value: unknown): value is string {
  try {
    return typeof value === 'string' && fromBase64url(value).length === 32;
  } catch {
    // Not base64url: not a hash.
    return false;
  }
}
