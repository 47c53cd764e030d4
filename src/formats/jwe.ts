// Compact JWE (RFC 7516) with A256CBC-HS512 (RFC 7518 §5.2.5) in the form `dir`; `jwe-rsa.ts` has the other. The tag is
// checked before anything is decrypted. Not a general JOSE library.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { fromBase64url, toBase64url } from './base64url.ts';

/** One error, whatever was wrong with the text, the key or the tag. */
export class JweError extends Error {
  override readonly name = 'JweError';
}

const ENC = 'A256CBC-HS512';

/** `{"alg":"dir",…}` under a 64-byte key. */
export function encryptDirect(
  key: Uint8Array,
  kid: string,
  plaintext: Uint8Array,
  iv: Uint8Array = randomBytes(16),
): string {
  const header = protectedHeader('dir', kid);
  return `${header}..${sealContent(key, header, plaintext, iv)}`;
}

/** @throws JweError */
export function decryptDirect(key: Uint8Array, jwe: string): Buffer {
  const parts = splitJwe(jwe, 'dir');
  if (parts.encryptedKey.length !== 0) throw new JweError('a direct JWE has no encrypted key');
  return decryptContent(key, parts.aad, parts);
}

export interface SealedContent {
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

interface Parts extends SealedContent {
  /** The protected header as it is written. */
  readonly aad: Uint8Array;
  readonly encryptedKey: Buffer;
}

/** As it is written. */
export function protectedHeader(alg: string, kid: string): string {
  return toBase64url(Buffer.from(JSON.stringify({ alg, enc: ENC, kid }), 'utf8'));
}

/** @throws JweError */
export function splitJwe(jwe: string, alg: string): Parts {
  const parts = jwe.split('.');
  if (parts.length !== 5) throw new JweError('a compact JWE has five parts');
  let decoded: Buffer[];
  let header: unknown;
  try {
    decoded = parts.map(fromBase64url);
    header = JSON.parse((decoded[0] as Buffer).toString('utf8'));
  } catch (cause) {
    throw new JweError('the JWE is malformed', { cause });
  }
  const members = header as { readonly alg?: unknown; readonly enc?: unknown } | null;
  if (members === null || typeof members !== 'object' || members.alg !== alg || members.enc !== ENC) {
    throw new JweError(`the JWE is not ${alg} with ${ENC}`);
  }
  const [, encryptedKey, iv, ciphertext, tag] = decoded as [Buffer, Buffer, Buffer, Buffer, Buffer];
  return { aad: Buffer.from(parts[0] as string, 'ascii'), encryptedKey, iv, ciphertext, tag };
}

/** The last three parts. */
export function sealContent(key: Uint8Array, header: string, plaintext: Uint8Array, iv: Uint8Array): string {
  checkKey(key);
  const cipher = createCipheriv('aes-256-cbc', key.subarray(32), iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const tag = authenticate(key, Buffer.from(header, 'ascii'), iv, ciphertext);
  return `${toBase64url(iv)}.${toBase64url(ciphertext)}.${toBase64url(tag)}`;
}

/** A256CBC-HS512 itself, under a 64-byte key. @throws JweError */
export function decryptContent(key: Uint8Array, aad: Uint8Array, { iv, ciphertext, tag }: SealedContent): Buffer {
  checkKey(key);
  const expected = authenticate(key, aad, iv, ciphertext);
  // A tag of any other length must not skip the check, as one client's does.
  if (iv.length !== 16 || tag.length !== 32 || !timingSafeEqual(expected, tag)) {
    throw new JweError('the JWE does not open with this key');
  }
  try {
    const decipher = createDecipheriv('aes-256-cbc', key.subarray(32), iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    // Authentic yet badly padded: the sender made it so. Same answer.
    throw new JweError('the JWE does not open with this key');
  }
}

/** RFC 7518 §5.2.2.1: HMAC over AAD ‖ IV ‖ ciphertext ‖ AL, first half. */
function authenticate(key: Uint8Array, aad: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(aad.length) * 8n);
  const mac = createHmac('sha512', key.subarray(0, 32)).update(aad).update(iv).update(ciphertext).update(bits);
  return mac.digest().subarray(0, 32);
}

function checkKey(key: Uint8Array): void {
  if (key.length !== 64) throw new JweError('the content key is not 64 bytes');
}
