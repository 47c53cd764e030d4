// Which keys there are: accepted type names, sizes, curves and what each type may be used for.

import type { KeyBinding, PublicKey } from '../../crypto/protocol/messages.ts';
import { AKP_SINCE, curves, rsaExponents, USUAL_RSA_EXPONENT } from '../../formats/algorithms.ts';
import { fromBase64url } from '../../formats/base64url.ts';
import { openOperations, secureOperations } from '../../formats/key-wrap-modes.ts';
import { mlDsaSets } from '../../formats/ml-dsa.ts';
import { hasVersion } from '../../http/api-version.ts';
import { HEAVIEST } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';

interface KeyType {
  readonly kty: KeyBinding['kty'];
  /** Every key is made in the module, so the names without `-HSM` mean the same. */
  readonly names: readonly string[];
  readonly operations: readonly string[];
  /** Of keys with a release policy that never leave, and never by default. */
  readonly secure?: readonly string[];
  readonly sizes?: readonly number[];
  readonly defaultSize?: number;
}

/** First api-version with secureWrapKey and secureUnwrapKey. */
export const SECURE_SINCE = '2026-01-01-preview';
const RSA: KeyType = {
  kty: 'RSA-HSM',
  names: ['RSA'],
  operations: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  secure: secureOperations,
  sizes: [2048, 3072, 4096],
  defaultSize: 2048,
};
const EC: KeyType = { kty: 'EC-HSM', names: ['EC'], operations: ['sign', 'verify', 'deriveKey'] };
const OCT: KeyType = {
  kty: 'oct-HSM',
  names: ['oct', 'AES'],
  operations: ['deriveKey', 'wrapKey', 'unwrapKey', 'encrypt', 'decrypt', 'sign', 'verify'],
  secure: secureOperations,
  sizes: [128, 192, 256],
  defaultSize: 256,
};
const AKP: KeyType = { kty: 'AKP-HSM', names: ['AKP'], operations: ['sign', 'verify'] };
const TYPES: ReadonlyMap<string, KeyType> = new Map(
  [RSA, EC, OCT, AKP].flatMap((type) => [type.kty, ...type.names].map((name) => [name, type] as const)),
);
/** Of finding the primes of an RSA key, or testing those that came: hundreds of RSA-2048 signatures. */
export function weightOfMaking(kty: KeyBinding['kty'] | undefined): number {
  return kty === 'RSA-HSM' ? HEAVIEST : 0;
}

/** The client's spelling of secp256k1 in imports and older SDKs. */
const CURVE_ALIASES: ReadonlyMap<string, string> = new Map([['SECP256K1', 'P-256K']]);

/** What the module needs to make a key. */
export interface KeyKind {
  readonly kty: KeyBinding['kty'];
  readonly size?: number;
  readonly curve?: string;
  readonly publicExponent?: number;
  /** Parameter set of AKP keys. */
  readonly alg?: string;
}

export interface KeyKindRequest {
  readonly kty: string;
  readonly keySize: number | undefined;
  readonly curve: string | undefined;
  readonly publicExponent: number | undefined;
  readonly alg: string | undefined;
}

/** @throws ServiceError BadParameter, naming the member that does not fit the type */
export function resolveKeyKind({ kty: asked, keySize, curve, publicExponent, alg }: KeyKindRequest): KeyKind {
  const type = resolveType(asked);
  const { kty, sizes, defaultSize = 0 } = type;
  const size = keySize ?? defaultSize;
  // Clients send a size with every type; of EC keys it says nothing.
  if (type === AKP) refuseMember('key_size', keySize, 'AKP keys are chosen by alg');
  if (type !== AKP) refuseMember('alg', alg, 'it belongs to AKP keys');
  if (type !== EC) refuseMember('crv', curve, 'it belongs to EC keys');
  if (sizes?.includes(size) === false) {
    throw badParameter(`Invalid key size: '${size}'. ${kty} takes key_size ${sizes.join(', ')}`);
  }
  if (type !== RSA) refuseMember('public_exponent', publicExponent, 'it belongs to RSA keys');
  switch (type) {
    case AKP:
      return { kty, alg: resolveAkpAlg(alg) };
    case EC:
      return { kty, curve: resolveCurve(curve) };
    case OCT:
      return { kty, size };
    default:
      return { kty, size, publicExponent: resolveExponent(publicExponent) };
  }
}

function resolveExponent(asked: number = USUAL_RSA_EXPONENT): number {
  if (rsaExponents.includes(asked)) return asked;
  throw badParameter(`Invalid public_exponent: '${asked}'. Use one of ${rsaExponents.join(', ')}`);
}

/** What the module needs to make another key of the kind. */
export function kindOf(publicKey: PublicKey): KeyKind {
  const { kty } = publicKey;
  switch (kty) {
    case 'RSA-HSM':
      return { kty, size: fromBase64url(publicKey.n).length * 8, publicExponent: exponentLike(publicKey.e) };
    case 'EC-HSM':
      return { kty, curve: publicKey.crv };
    case 'oct-HSM':
      return { kty, size: publicKey.size };
    case 'AKP-HSM':
      return { kty, alg: publicKey.alg };
  }
}

/** Imported keys may have exponents with which none are made: their successors have the usual one. */
function exponentLike(e: string): number {
  const bytes = fromBase64url(e);
  const exponent = bytes.length > 6 ? 0 : bytes.readUIntBE(0, bytes.length);
  return rsaExponents.includes(exponent) ? exponent : USUAL_RSA_EXPONENT;
}

/** The type of a key to import. @throws ServiceError BadParameter */
export function resolveKty(asked: string): KeyBinding['kty'] {
  return resolveType(asked).kty;
}

function resolveType(asked: string): KeyType {
  const type = TYPES.get(asked);
  if (type === undefined) {
    throw badParameter(`Invalid kty: '${clip(asked)}'. Use one of RSA-HSM, EC-HSM, oct-HSM, AKP-HSM`);
  }
  return type;
}

/**
 * The operations asked for, or the type's default.
 * @param exportable adds what only keys that may leave do @throws ServiceError BadParameter
 */
export function resolveKeyOps(
  kty: KeyBinding['kty'],
  asked: readonly string[] | undefined,
  exportable: boolean = false,
): readonly string[] {
  const { operations, secure = [] } = TYPES.get(kty) as KeyType;
  if (asked === undefined) return operations;
  if (asked.includes('export') && !exportable) {
    throw badParameter("key_ops 'export' is for exportable keys with a release policy");
  }
  const allowed = [...operations, ...(exportable ? ['export'] : []), ...secure];
  const ops = [...new Set(asked)];
  if (ops.includes('import')) {
    if (kty === 'RSA-HSM' && ops.length === 1) return ops;
    throw badParameter("key_ops 'import' is for RSA-HSM keys and excludes every other operation");
  }
  const wrong = ops.find((op) => !allowed.includes(op));
  if (wrong !== undefined) {
    throw badParameter(`key_ops '${clip(wrong)}' is not for ${kty} keys. Use a subset of ${allowed.join(', ')}`);
  }
  const open = ops.find((op) => openOperations.includes(op));
  if (open !== undefined && ops.some((op) => secure.includes(op))) {
    throw badParameter(`key_ops '${open}' excludes ${secure.join(' and ')}: what they wrap would open`);
  }
  return ops;
}

/** @throws ServiceError BadParameter for a type or operations that the request's version does not know */
export function checkVersion(kty: KeyBinding['kty'], keyOps: readonly string[], apiVersion: string): void {
  if (kty === AKP.kty && !hasVersion(apiVersion, AKP_SINCE)) {
    throw badParameter(`kty '${kty}' needs api-version ${AKP_SINCE} or later`);
  }
  checkKeyOpsVersion(keyOps, apiVersion);
}

/** @throws ServiceError BadParameter */
export function checkKeyOpsVersion(keyOps: readonly string[] | undefined, apiVersion: string): void {
  const newer = keyOps?.find((op) => secureOperations.includes(op));
  if (newer === undefined || hasVersion(apiVersion, SECURE_SINCE)) return;
  throw badParameter(`key_ops '${newer}' needs api-version ${SECURE_SINCE} or later`);
}

/** @throws ServiceError BadParameter */
export function resolveAkpAlg(asked: string | undefined): string {
  if (asked !== undefined && mlDsaSets.has(asked)) return asked;
  const known = [...mlDsaSets.keys()].join(', ');
  const problem = asked === undefined ? "Property 'alg' is required for AKP keys" : `Invalid alg: '${clip(asked)}'`;
  throw badParameter(`${problem}. Use one of ${known}`);
}

/** The curve by our name for it. @throws ServiceError BadParameter */
export function resolveCurve(asked: string | undefined): string {
  const curve = CURVE_ALIASES.get(asked ?? '') ?? asked ?? 'P-256';
  if (!curves.has(curve)) {
    throw badParameter(`Invalid crv: '${clip(curve)}'. Use one of ${[...curves.keys()].join(', ')}`);
  }
  return curve;
}

function refuseMember(name: string, value: unknown, why: string): void {
  if (value === undefined) return;
  throw badParameter(`Property '${name}' does not go with this kty: ${why}`);
}

/** What a client sent, short enough to repeat to it. */
function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
