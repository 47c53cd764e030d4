// Compact JWE (RFC 7516) to an RSA key: RSA-OAEP-256 with A256CBC-HS512, as shares of a security domain are encrypted.
import { constants, type KeyObject, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto';
import { fromBase64url, toBase64url } from './base64url.ts';
import { decryptContent, JweError, protectedHeader, sealContent, splitJwe } from './jwe.ts';

const OAEP_256 = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

/** A fresh 64-byte content key, wrapped to an RSA public key with OAEP (SHA-256 for hash and MGF1). */
export function encryptToRsa(publicKey: KeyObject, kid: string, plaintext: Uint8Array): string {
  const header = protectedHeader('RSA-OAEP-256', kid);
  const contentKey = randomBytes(64);
  const wrapped = publicEncrypt({ key: publicKey, ...OAEP_256 }, contentKey);
  const sealed = sealContent(contentKey, header, plaintext, randomBytes(16));
  contentKey.fill(0);
  return `${header}.${toBase64url(wrapped)}.${sealed}`;
}

/** @throws JweError */
export function decryptWithRsa(privateKey: KeyObject, jwe: string): Buffer {
  const parts = splitJwe(jwe, 'RSA-OAEP-256');
  let contentKey: Buffer;
  try {
    contentKey = privateDecrypt({ key: privateKey, ...OAEP_256 }, parts.encryptedKey);
  } catch {
    // OAEP says nothing of why: neither do we.
    throw new JweError('the JWE does not open with this key');
  }
  try {
    return decryptContent(contentKey, parts.aad, parts);
  } finally {
    contentKey.fill(0);
  }
}

/** `kid` of the header; authentic once the JWE has opened. @throws JweError */
export function kidOf(jwe: string): unknown {
  try {
    const header: unknown = JSON.parse(fromBase64url(jwe.split('.', 1)[0] as string).toString('utf8'));
    return (header as { readonly kid?: unknown } | null)?.kid;
  } catch (cause) {
    throw new JweError('the JWE is malformed', { cause });
  }
}
