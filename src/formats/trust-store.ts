// A PKCS#12 file (RFC 7292) of certificates that are trusted, as Java reads it: no keys in it, nothing encrypted. Not a
// reader, and no place for a secret: the password is Java's own 'changeit', which everybody knows.
import { createHash, createHmac } from 'node:crypto';
import { der, derObjectId, derUnsigned, INTEGER, NULL, OCTET_STRING, SEQUENCE, SET } from './der.ts';

export const TRUST_STORE_PASSWORD = 'changeit';

export interface TrustedCertificate {
  /** Java's alias. */
  readonly name: string;
  readonly der: Uint8Array;
}

const DATA = derObjectId('2a864886f70d010701');
const CERT_BAG = derObjectId('2a864886f70d010c0a0103');
const X509_CERTIFICATE = derObjectId('2a864886f70d01091601');
const FRIENDLY_NAME = derObjectId('2a864886f70d010914');
/** 2.16.840.1.113894.746875.1.1: without it Java passes over a certificate that has no key. */
const TRUSTED_KEY_USAGE = derObjectId('6086480186f966adca7b0101');
const ANY_USAGE = derObjectId('551d2500');
const SHA256 = derObjectId('608648016503040201');
const ITERATIONS = 2048;

const BMP_STRING = 0x1e;
const EXPLICIT_0 = 0xa0;

/** The same bytes for the same certificates. */
export function trustStore(certificates: readonly TrustedCertificate[]): Buffer {
  const bags = der(SEQUENCE, ...certificates.map(certificateBag));
  const safe = der(SEQUENCE, contentOf(bags));
  const mac = macOf(safe);
  return der(SEQUENCE, der(INTEGER, Buffer.of(3)), contentOf(safe), mac);
}

function certificateBag({ name, der: certificate }: TrustedCertificate): Buffer {
  const attributes = [attribute(TRUSTED_KEY_USAGE, ANY_USAGE), attribute(FRIENDLY_NAME, der(BMP_STRING, utf16(name)))];
  return der(
    SEQUENCE,
    CERT_BAG,
    der(EXPLICIT_0, der(SEQUENCE, X509_CERTIFICATE, der(EXPLICIT_0, der(OCTET_STRING, certificate)))),
    der(SET, ...attributes.sort(Buffer.compare)),
  );
}

function attribute(type: Buffer, value: Buffer): Buffer {
  return der(SEQUENCE, type, der(SET, value));
}

function contentOf(bytes: Uint8Array): Buffer {
  return der(SEQUENCE, DATA, der(EXPLICIT_0, der(OCTET_STRING, bytes)));
}

/** It keeps readers content that want one, and proves nothing: the salt can be derived. */
function macOf(safe: Uint8Array): Buffer {
  const salt = createHash('sha256').update(safe).digest().subarray(0, 20);
  const mac = createHmac('sha256', macKey(salt)).update(safe).digest();
  const digest = der(SEQUENCE, der(SEQUENCE, SHA256, der(NULL)), der(OCTET_STRING, mac));
  return der(SEQUENCE, digest, der(OCTET_STRING, salt), derUnsigned(Buffer.of(ITERATIONS >> 8, ITERATIONS & 0xff)));
}

/** RFC 7292 appendix B.2 with purpose 3; the key is as long as the hash, so one round is all of it. */
function macKey(salt: Uint8Array): Buffer {
  const block = 64;
  const password = Buffer.concat([utf16(TRUST_STORE_PASSWORD), Buffer.alloc(2)]);
  const repeated = (bytes: Uint8Array): Buffer => Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
  let key = Buffer.concat([Buffer.alloc(block, 3), repeated(salt), repeated(password)]);
  for (let round = 0; round < ITERATIONS; round++) key = createHash('sha256').update(key).digest();
  return key;
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
