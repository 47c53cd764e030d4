// Private keys as PKCS#8 (RFC 5208): RSAPrivateKey with two primes (RFC 8017 A.1.2) and ECPrivateKey (RFC 5915) on the
// named curves of `algorithms.ts`. Form only: whether the numbers belong together is checked elsewhere.
import { curves } from './algorithms.ts';
import {
  BIT_STRING,
  DerError,
  DerReader,
  derObjectId,
  derSecret,
  derUnsigned,
  INTEGER,
  NULL,
  OBJECT_ID,
  OCTET_STRING,
  SEQUENCE,
} from './der.ts';

export const RSA_MEMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;
/** Big-endian numbers, members named as in a JWK (RFC 7518 §6.3.2). */
export type RsaNumbers = Readonly<Record<(typeof RSA_MEMBERS)[number], Uint8Array>>;

export interface EcNumbers {
  readonly crv: string;
  readonly d: Uint8Array;
  /** 0x04 ‖ x ‖ y; empty when the structure leaves it out. */
  readonly point: Uint8Array;
}

export type PrivateNumbers =
  | { readonly kty: 'RSA'; readonly rsa: RsaNumbers }
  | { readonly kty: 'EC'; readonly ec: EcNumbers };

const RSA_ENCRYPTION = '2a864886f70d010101';
const EC_PUBLIC_KEY = '2a8648ce3d0201';
const CURVE_IDS: ReadonlyMap<string, string> = new Map([
  ['P-256', '2a8648ce3d030107'],
  ['P-256K', '2b8104000a'],
  ['P-384', '2b81040022'],
  ['P-521', '2b81040023'],
]);
const PARAMETERS = 0xa0;
const PUBLIC_KEY = 0xa1;
/** PKCS#8 [0] attributes, which some tokens write. */
const ATTRIBUTES = 0xa0;

/** The caller overwrites it. */
export function encodeRsaPkcs8(numbers: RsaNumbers): Buffer {
  const integers = RSA_MEMBERS.map((member) => derUnsigned(numbers[member]));
  const key = derSecret(SEQUENCE, derUnsigned(Uint8Array.of(0)), ...integers);
  return wrap(derSecret(SEQUENCE, derObjectId(RSA_ENCRYPTION), derSecret(NULL)), key);
}

/** `d` of the field's length and the complete point. The caller overwrites it. */
export function encodeEcPkcs8({ crv, d, point }: EcNumbers): Buffer {
  const curve = CURVE_IDS.get(crv);
  if (curve === undefined) throw new DerError('unknown curve');
  const publicKey = derSecret(PUBLIC_KEY, derSecret(BIT_STRING, Uint8Array.of(0), Buffer.from(point)));
  const key = derSecret(SEQUENCE, derUnsigned(Uint8Array.of(1)), derSecret(OCTET_STRING, Buffer.from(d)), publicKey);
  return wrap(derSecret(SEQUENCE, derObjectId(EC_PUBLIC_KEY), derObjectId(curve)), key);
}

/**
 * Views into `bytes`.
 * @param zeros how many zero bytes may follow: tokens that lose the length in RFC 5649 leave up to 7
 * @throws DerError
 */
export function decodePkcs8(bytes: Uint8Array, zeros = 0): PrivateNumbers {
  const outer = new DerReader(bytes);
  const info = new DerReader(outer.take(SEQUENCE));
  const rest = outer.rest();
  if (rest.length > zeros || rest.some((byte) => byte !== 0)) throw new DerError('spare bytes');
  if (info.takeUnsigned()[0] !== 0) throw new DerError('not PKCS#8 version 0');
  const algorithm = new DerReader(info.take(SEQUENCE));
  const key = info.take(OCTET_STRING);
  if (info.nextTag === ATTRIBUTES) info.take(ATTRIBUTES);
  info.end();
  const id = hex(algorithm.take(OBJECT_ID));
  if (id === RSA_ENCRYPTION) {
    if (algorithm.nextTag === NULL && algorithm.take(NULL).length !== 0) throw new DerError('a NULL with content');
    algorithm.end();
    return { kty: 'RSA', rsa: decodeRsa(key) };
  }
  if (id !== EC_PUBLIC_KEY) throw new DerError('neither an RSA nor an EC key');
  const curve = hex(algorithm.take(OBJECT_ID));
  algorithm.end();
  return { kty: 'EC', ec: decodeEc(key, curve) };
}

function decodeRsa(bytes: Uint8Array): RsaNumbers {
  const outer = new DerReader(bytes);
  const key = new DerReader(outer.take(SEQUENCE));
  outer.end();
  if (key.takeUnsigned()[0] !== 0) throw new DerError('not a two-prime RSA key');
  const numbers = Object.fromEntries(RSA_MEMBERS.map((member) => [member, key.takeUnsigned()]));
  key.end();
  return numbers as unknown as RsaNumbers;
}

function decodeEc(bytes: Uint8Array, curveId: string): EcNumbers {
  const crv = [...CURVE_IDS].find(([, id]) => id === curveId)?.[0];
  const width = curves.get(crv ?? '')?.bytes;
  if (crv === undefined || width === undefined) throw new DerError('unknown curve');
  const outer = new DerReader(bytes);
  const key = new DerReader(outer.take(SEQUENCE));
  outer.end();
  if (key.takeUnsigned()[0] !== 1) throw new DerError('not an EC private key of version 1');
  const d = key.take(OCTET_STRING);
  if (key.nextTag === PARAMETERS) {
    const parameters = new DerReader(key.take(PARAMETERS));
    if (hex(parameters.take(OBJECT_ID)) !== curveId) throw new DerError('two different curves');
    parameters.end();
  }
  let point: Uint8Array = new Uint8Array(0);
  if (key.nextTag === PUBLIC_KEY) {
    const tagged = new DerReader(key.take(PUBLIC_KEY));
    const bits = tagged.take(BIT_STRING);
    tagged.end();
    point = bits.subarray(1);
    if (bits[0] !== 0 || point[0] !== 4 || point.length !== 1 + 2 * width) throw new DerError('not a plain point');
  }
  key.end();
  return { crv, d, point };
}

function wrap(algorithm: Buffer, key: Buffer): Buffer {
  return derSecret(SEQUENCE, derSecret(INTEGER, Uint8Array.of(0)), algorithm, derSecret(OCTET_STRING, key));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
