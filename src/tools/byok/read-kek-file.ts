// The public part of a key-exchange key as its owner has it in a file: PEM (`az keyvault key download`), a JWK, or a key
// bundle as the service answers it.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { Refusal } from '../../formats/refusal.ts';

export interface KekFile {
  readonly publicKey: KeyObject;
  /** Of a JWK that says it. */
  readonly kid?: string;
}

const SIZES = [2048, 3072, 4096];

/** @throws Refusal */
export function readKekFile(text: string): KekFile {
  const { publicKey, kid } = text.includes('-----BEGIN')
    ? { publicKey: fromPem(text), kid: undefined }
    : fromJson(text);
  const size = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== 'rsa' || !SIZES.includes(size)) {
    throw new Refusal(`the key-exchange key is not an RSA key of ${SIZES.join(', ')} bits`);
  }
  return { publicKey, ...(kid === undefined ? {} : { kid }) };
}

function fromPem(text: string): KeyObject {
  if (text.includes('PRIVATE KEY')) {
    throw new Refusal('the key-exchange key file holds a private key: its place is inside the HSM, and only there');
  }
  try {
    return createPublicKey(text);
  } catch (cause) {
    throw new Refusal('the key-exchange key file is no public key in PEM', { cause });
  }
}

function fromJson(text: string): { readonly publicKey: KeyObject; readonly kid: string | undefined } {
  let jwk: Record<string, unknown>;
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    jwk = (typeof parsed['key'] === 'object' && parsed['key'] !== null ? parsed['key'] : parsed) as typeof jwk;
  } catch (cause) {
    throw new Refusal('the key-exchange key file is neither PEM nor JSON', { cause });
  }
  const { n, e, kid } = jwk;
  if (typeof n !== 'string' || typeof e !== 'string') throw new Refusal('the key-exchange key has no n and e');
  try {
    const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    return { publicKey, kid: typeof kid === 'string' ? kid : undefined };
  } catch (cause) {
    throw new Refusal('n and e of the key-exchange key are no RSA key', { cause });
  }
}
