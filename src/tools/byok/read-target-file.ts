// The key to be wrapped, from a file: a private key in PEM becomes PKCS#8, raw bytes are a symmetric key.

import { createPrivateKey } from 'node:crypto';
import { orThrow, Refusal } from '../../formats/refusal.ts';

const RSA_SIZES = [2048, 3072, 4096];
const CURVES = ['prime256v1', 'secp256k1', 'secp384r1', 'secp521r1'];

/** PKCS#8 DER; the caller overwrites it. @throws Refusal */
export function privateKeyTarget(pem: Buffer): Buffer {
  const key = orThrow(
    () => createPrivateKey(pem),
    // Without the cause: its text may quote the file.
    () => new Refusal('the key file is no private key in PEM, or is encrypted: decrypt it first (openssl pkey)'),
  );
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const fits =
    (key.asymmetricKeyType === 'rsa' && RSA_SIZES.includes(modulusLength)) ||
    (key.asymmetricKeyType === 'ec' && CURVES.includes(namedCurve));
  if (!fits) {
    throw new Refusal(
      'the key is none that can be imported: RSA of 2048, 3072 or 4096 bits, or EC on P-256, P-256K, P-384, P-521',
    );
  }
  return key.export({ format: 'der', type: 'pkcs8' });
}

/** @throws Refusal */
export function symmetricTarget(bytes: Buffer): Buffer {
  if (bytes.length === 16 || bytes.length === 24 || bytes.length === 32) return bytes;
  throw new Refusal(`a symmetric key has 16, 24 or 32 raw bytes, this file has ${bytes.length}`);
}
