// The public part of a key-exchange key as its owner has it in a file: PEM (`az keyvault key download`), a JWK, or a key
// bundle as the service answers it.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { orThrow, Refusal } from '../../formats/refusal.ts';

interface KekFile {
  readonly publicKey: KeyObject;
  /** Of a JWK that says it. */
  readonly kid?: string | undefined;
}

const SIZES = [2048, 3072, 4096];

export function readKekFile(text: string): KekFile {
  const kek = text.includes('-----BEGIN') ? { publicKey: fromPem(text) } : fromJson(text);
  const { publicKey } = kek;
  const size = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== 'rsa' || !SIZES.includes(size)) {
    throw new Refusal(`the key-exchange key is not an RSA key of ${SIZES.join(', ')} bits`);
  }
  return kek;
}

function fromPem(text: string): KeyObject {
  if (text.includes('PRIVATE KEY')) {
    throw new Refusal('the key-exchange key file holds a private key: its place is inside the HSM, and only there');
  }
  return orThrow(
    () => createPublicKey(text),
    (cause) => new Refusal('the key-exchange key file is no public key in PEM', { cause }),
  );
}

function fromJson(text: string): KekFile {
  const { n, e, kid } = orThrow(
    () => {
      const parsed = JSON.parse(text) as Record<string, unknown>;
      return (typeof parsed['key'] === 'object' ? (parsed['key'] ?? parsed) : parsed) as typeof parsed;
    },
    (cause) => new Refusal('the key-exchange key file is neither PEM nor JSON', { cause }),
  );
  if (typeof n !== 'string' || typeof e !== 'string') throw new Refusal('the key-exchange key has no n and e');
  const publicKey = orThrow(
    () => createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }),
    (cause) => new Refusal('n and e of the key-exchange key are no RSA key', { cause }),
  );
  return { publicKey, kid: typeof kid === 'string' ? kid : undefined };
}
