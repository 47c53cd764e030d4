// RSA keys that somebody outside encrypts to, or verifies with: the pair, and the certificate that it is known by.
import { generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { recipientCertificate } from '../../formats/x509-writer.ts';

export interface RsaPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Takes a while, off the main thread. */
export function makeRsaPair(): Promise<RsaPair> {
  return promisify(generateKeyPair)('rsa', { modulusLength: 3072 });
}

/** A self-signed certificate (DER) of a key that keys and data are encrypted to. @param now Unix seconds */
export function certifyRecipient({ publicKey, privateKey }: RsaPair, subject: string, now: number): Buffer {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return recipientCertificate({ serial: newSerial(), subject, notBefore: now, publicKey: spki }, (toSign) =>
    sign('sha256', toSign, privateKey),
  );
}

/** Positive and of full length. */
export function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  return serial;
}
