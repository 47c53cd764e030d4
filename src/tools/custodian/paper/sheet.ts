// What is on the paper: the private key under its passphrase, and the certificate. The passphrase is not on it.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  type KeyObject,
  randomBytes,
  scryptSync,
  X509Certificate,
} from 'node:crypto';
import { FieldsError, fields } from '../../../formats/fields.ts';
import { orThrow, Refusal } from '../../../formats/refusal.ts';
import { writeKeyFiles } from '../files.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { compactCertificate, keyOfPrimes, primesOf, wholeCertificate } from './compact.ts';

interface PaperCopy {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
}

const layout = fields({
  version: 'u8',
  /** scrypt's cost as a power of two; block size 8, no parallelism. */
  cost: 'u8',
  salt: 'bytes',
  /** AES-256-GCM of p ‖ q, with its tag at the end. */
  sealed: 'bytes',
  modulusAt: 'u32',
  selfSigned: 'u8',
  certificate: 'bytes',
  /** First bytes of the certificate's SHA-256. */
  fingerprint: 'bytes',
});
/** 128 MiB and half a second for each guess. */
const COST = 17;

export function sealSheet({ privateKey, certificate }: PaperCopy, passphrase: string): Buffer {
  const salt = randomBytes(16);
  const primes = primesOf(privateKey);
  const { key, iv } = derive(passphrase, salt, COST);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(primes), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  primes.fill(0);
  const { rest, modulusAt, selfSigned } = compactCertificate(certificate, privateKey);
  const sheet = layout.encode({
    version: 1,
    cost: COST,
    salt,
    sealed,
    modulusAt,
    selfSigned,
    certificate: rest,
    fingerprint: fingerprintStart(certificate),
  });
  // What cannot be read back must not be trusted as a copy.
  const back = openSheet(sheet, passphrase);
  if (!back.certificate.equals(certificate)) throw new Refusal('this certificate has no paper copy');
  return sheet;
}

/** @throws Refusal for a wrong passphrase */
export function openSheet(sheet: Buffer, passphrase: string): PaperCopy {
  const { cost, salt, sealed, modulusAt, selfSigned, certificate: rest, fingerprint } = decode(sheet);
  const { key, iv } = derive(passphrase, salt, cost);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  let primes: Buffer;
  try {
    primes = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  } catch (cause) {
    throw new Refusal('the paper was typed without a slip, but the passphrase is wrong', { cause });
  } finally {
    key.fill(0);
  }
  const privateKey = keyOfPrimes(primes);
  primes.fill(0);
  const certificate = wholeCertificate({ rest, modulusAt, selfSigned }, privateKey);
  if (!fingerprintStart(certificate).equals(fingerprint)) {
    throw new Refusal('the certificate does not come back as it was: the paper is not of this version');
  }
  return { privateKey, certificate };
}

function decode(sheet: Buffer) {
  const other = (): Refusal => new Refusal('the paper is of another version, or not a paper copy of a key');
  const read = orThrow(() => layout.decode(sheet), other, FieldsError);
  if (read.version !== 1 || read.cost > 20 || read.salt.length !== 16 || read.sealed.length <= 16) throw other();
  return read;
}

function fingerprintStart(certificate: Uint8Array): Buffer {
  return createHash('sha256').update(certificate).digest().subarray(0, 8);
}

/** The salt is fresh for each sheet, so key and IV are never used twice. */
function derive(passphrase: string, salt: Uint8Array, cost: number): { key: Buffer; iv: Buffer } {
  const N = 2 ** cost;
  const derived = scryptSync(Buffer.from(passphrase, 'utf8'), salt, 44, { N, r: 8, p: 1, maxmem: 1100 * N + 2 ** 20 });
  return { key: derived.subarray(0, 32), iv: derived.subarray(32) };
}

/**
 * From what was typed off a paper copy back to the two files of a key.
 * @param sheet from `fromLines` @throws Refusal
 */
export async function restoreKey(sheet: Buffer, passphrase: string, out: string, name: string) {
  const copy = openSheet(sheet, passphrase);
  const files = await writeKeyFiles(out, name, copy, passphrase);
  return { ...files, fingerprint: fingerprintOf(new X509Certificate(copy.certificate)) };
}
