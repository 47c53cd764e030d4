// The public key of an enclave, to which keys and secrets leave encrypted. Which enclave may have them is decided before;
// here the key only has to be one that keeps what is encrypted to it.
import { constants, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto';
import { badRequest, type CryptoError } from '../crypto/protocol/messages.ts';

export interface TargetKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** @param value `{kid, n, e}` of an RSA key of 2048 to 8192 bits @throws CryptoError BadRequest */
export function readTargetKey(value: unknown): TargetKey {
  const { kid, n, e } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) throw bad('has no kid');
  if (typeof n !== 'string' || typeof e !== 'string' || n.length > 1400 || e.length > 16) throw bad('is no RSA key');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  } catch {
    // The reasons of OpenSSL are of no use to whoever sent it.
    throw bad('is no RSA key');
  }
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < 2048 || modulusLength > 8192) throw bad('must have 2048 to 8192 bits');
  if (publicExponent < 3n || publicExponent % 2n === 0n) throw bad('has a weak exponent');
  return { kid, key };
}

export function encryptToTarget({ key }: TargetKey, hash: 'sha1' | 'sha256' | 'sha384', plaintext: Uint8Array): Buffer {
  try {
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, plaintext);
  } catch {
    throw bad('does not encrypt');
  }
}

function bad(text: string): CryptoError {
  return badRequest('target', `the enclave's key ${text}`);
}
