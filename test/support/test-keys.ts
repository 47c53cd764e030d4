// RSA keys for tests that were made once: making one takes longer than most of what is tested with it. In a process each is
// given out once; whoever needs more than there are gets keys that are made.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, type webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, 'test-only-rsa-keys.pem');
const SIGNING = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

let left: string[] | undefined;

/** A private key of 2048 bits that nobody in this process has had. */
export function takeRsaKey(): KeyObject {
  left ??= readFileSync(FILE, 'utf8').match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g) ?? [];
  const pem = left.pop();
  return pem === undefined ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey : createPrivateKey(pem);
}

/** The same as a pair that signs certificates. */
export function takeRsaPair(): webcrypto.CryptoKeyPair {
  const key = takeRsaKey();
  return {
    privateKey: key.toCryptoKey(SIGNING, true, ['sign']),
    publicKey: createPublicKey(key).toCryptoKey(SIGNING, true, ['verify']),
  };
}
