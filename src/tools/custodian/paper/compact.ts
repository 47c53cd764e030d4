// What of a key and its certificate has to be typed: of the key its two primes, from which everything else follows, a quarter of
// the bytes; of the certificate what does not follow from the key, which leaves out its modulus, and the signature if the key made
// it itself. Both come back to the byte.

import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { fromBase64url, toBase64url } from '../../../formats/base64url.ts';
import { DerReader, SEQUENCE } from '../../../formats/der.ts';
import { Refusal } from '../../../formats/refusal.ts';

/**
 * @returns the certificate without its other parts; where in it the modulus is, 0: it was not cut out; and 1: the signature, which
 *   ends the certificate, was cut out
 */
export function compactCertificate(der: Buffer, key: KeyObject) {
  const modulus = modulusOf(key);
  const at = der.indexOf(modulus);
  const modulusAt = at > 0 && der.indexOf(modulus, at + 1) < 0 ? at : 0;
  const signature = signatureOf(der, key);
  const selfSigned = der.subarray(-signature.length).equals(signature) ? 1 : 0;
  const end = selfSigned === 1 ? der.length - signature.length : der.length;
  const rest =
    modulusAt === 0
      ? der.subarray(0, end)
      : Buffer.concat([der.subarray(0, modulusAt), der.subarray(modulusAt + modulus.length, end)]);
  return { rest, modulusAt, selfSigned };
}

export function wholeCertificate(
  { rest, modulusAt, selfSigned }: Record<'modulusAt' | 'selfSigned', number> & { readonly rest: Uint8Array },
  key: KeyObject,
): Buffer {
  const modulus = modulusOf(key);
  const unsigned =
    modulusAt === 0
      ? Buffer.from(rest)
      : Buffer.concat([rest.subarray(0, modulusAt), modulus, rest.subarray(modulusAt)]);
  if (selfSigned === 0) return unsigned;
  const signature = Buffer.alloc(modulus.length);
  return Buffer.concat([unsigned, signatureOf(Buffer.concat([unsigned, signature]), key)]);
}

function modulusOf(key: KeyObject): Buffer {
  return fromBase64url(createPublicKey(key).export({ format: 'jwk' }).n ?? '');
}

/** Over the TBSCertificate, as sha256WithRSAEncryption, which is always the same. */
function signatureOf(der: Buffer, key: KeyObject): Buffer {
  const content = new DerReader(der).take(SEQUENCE);
  const reader = new DerReader(content);
  reader.take(SEQUENCE);
  return sign('sha256', content.subarray(0, content.length - reader.rest().length), key);
}

/** Every tool that makes RSA keys uses it today. */
const EXPONENT = 65537n;

/** p ‖ q; the caller overwrites it. @throws Refusal for a key of an unusual kind */
export function primesOf(key: KeyObject): Buffer {
  const { p = '', q = '', e = '' } = key.export({ format: 'jwk' });
  const [first, second] = [fromBase64url(p), fromBase64url(q)];
  try {
    if (first.length === 0 || first.length !== second.length || toNumber(fromBase64url(e)) !== EXPONENT) {
      throw new Refusal('this RSA key is of an unusual kind, which has no paper copy: make another with keygen');
    }
    return Buffer.concat([first, second]);
  } finally {
    first.fill(0);
    second.fill(0);
  }
}

export function keyOfPrimes(primes: Buffer): KeyObject {
  const p = toNumber(primes.subarray(0, primes.length / 2));
  const q = toNumber(primes.subarray(primes.length / 2));
  const [p1, q1] = [p - 1n, q - 1n];
  const d = inverse(EXPONENT, (p1 * q1) / greatestCommonDivisor(p1, q1));
  const jwk = { n: p * q, e: EXPONENT, d, p, q, dp: d % p1, dq: d % q1, qi: inverse(q % p, p) };
  const members = Object.entries(jwk).map(([name, value]): [string, string] => [name, toText(value)]);
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(members) }, format: 'jwk' });
}

function toNumber(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function toText(value: bigint): string {
  const hex = value.toString(16);
  return toBase64url(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next] = [modulus, value];
  let [t, nextT] = [0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return t < 0n ? t + modulus : t;
}
