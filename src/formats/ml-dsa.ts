// ML-DSA (FIPS 204) keys as bytes: parameter sets by the names of JOSE (RFC 9964), the private key as the seed alone in
// PKCS#8 and the public key in SubjectPublicKeyInfo (RFC 9881). Form only.
import {
  BIT_STRING,
  DerError,
  DerReader,
  derObjectId,
  derSecret,
  INTEGER,
  OBJECT_ID,
  OCTET_STRING,
  SEQUENCE,
} from './der.ts';

export interface MlDsaSet {
  /** Content of the object identifier, hex. */
  readonly id: string;
  readonly publicKeyBytes: number;
  readonly signatureBytes: number;
}

/** Of every parameter set (FIPS 204 §3.6.1). */
export const ML_DSA_SEED_BYTES = 32;
/** FIPS 204 §5.2: the context of a signature. */
export const ML_DSA_MAX_CONTEXT = 255;
/** FIPS 204 §6.2: the representative of a message, made by the caller. */
export const ML_DSA_MU_BYTES = 64;

/** FIPS 204 §4, table 2; identifiers of the NIST arc 2.16.840.1.101.3.4.3. */
export const mlDsaSets: ReadonlyMap<string, MlDsaSet> = new Map([
  ['ML-DSA-44', { id: '608648016503040311', publicKeyBytes: 1312, signatureBytes: 2420 }],
  ['ML-DSA-65', { id: '608648016503040312', publicKeyBytes: 1952, signatureBytes: 3309 }],
  ['ML-DSA-87', { id: '608648016503040313', publicKeyBytes: 2592, signatureBytes: 4627 }],
]);

/** IMPLICIT [0]: the private key is the seed alone. */
const SEED = 0x80;

/** The seed is left alone; the caller overwrites the answer. */
export function encodeMlDsaSeed(alg: string, seed: Uint8Array): Buffer {
  const set = mlDsaSets.get(alg);
  if (set === undefined || seed.length !== ML_DSA_SEED_BYTES) throw new DerError('not an ML-DSA key');
  const algorithm = derSecret(SEQUENCE, derObjectId(set.id));
  const version = derSecret(INTEGER, Uint8Array.of(0));
  return derSecret(SEQUENCE, version, algorithm, derSecret(OCTET_STRING, derSecret(SEED, Uint8Array.from(seed))));
}

/** Parameter set and raw public key, a view. @throws DerError when it is no ML-DSA key */
export function decodeMlDsaPublicKey(spki: Uint8Array): { readonly alg: string; readonly pub: Uint8Array } {
  const outer = new DerReader(spki);
  const info = new DerReader(outer.take(SEQUENCE));
  outer.end();
  const algorithm = new DerReader(info.take(SEQUENCE));
  const id = Buffer.from(algorithm.take(OBJECT_ID)).toString('hex');
  // RFC 9881 §2: the parameters are absent.
  algorithm.end();
  const bits = info.take(BIT_STRING);
  info.end();
  const pub = bits.subarray(1);
  for (const [alg, set] of mlDsaSets) {
    if (set.id === id && bits[0] === 0 && pub.length === set.publicKeyBytes) return { alg, pub };
  }
  throw new DerError('not an ML-DSA key');
}
