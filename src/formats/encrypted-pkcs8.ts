// A private key under a passphrase: EncryptedPrivateKeyInfo (RFC 5958) with PBES2 (RFC 8018), PBKDF2-HMAC-SHA-256 and
// AES-256-CBC, which everything that reads PEM understands. Node writes the same with 2,048 iterations, too few for a
// key that may be printed or posted.
import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { der, derObjectId, derUnsigned, NULL, OCTET_STRING, SEQUENCE } from './der.ts';
import { pem } from './pem.ts';

/** About a third of a second of the reader's time, for each guess too. */
export const ITERATIONS = 600_000;

const PBES2 = '2a864886f70d01050d';
const PBKDF2 = '2a864886f70d01050c';
const HMAC_SHA256 = '2a864886f70d0209';
const AES_256_CBC = '60864801650304012a';

/** @param pkcs8 PrivateKeyInfo; left alone @returns PEM */
export function encryptPkcs8(pkcs8: Uint8Array, passphrase: string): string {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(Buffer.from(passphrase, 'utf8'), salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  key.fill(0);
  const iterations = Buffer.alloc(4);
  iterations.writeUInt32BE(ITERATIONS);
  const prf = der(SEQUENCE, derObjectId(HMAC_SHA256), der(NULL));
  const derivation = der(SEQUENCE, der(OCTET_STRING, salt), derUnsigned(iterations), prf);
  const scheme = der(
    SEQUENCE,
    der(SEQUENCE, derObjectId(PBKDF2), derivation),
    der(SEQUENCE, derObjectId(AES_256_CBC), der(OCTET_STRING, iv)),
  );
  const info = der(SEQUENCE, der(SEQUENCE, derObjectId(PBES2), scheme), der(OCTET_STRING, encrypted));
  return pem('ENCRYPTED PRIVATE KEY', info);
}
