// Which keys there are: accepted type names, sizes, curves and what each type may be used for.

import type { KeyBinding } from '../../crypto/protocol/messages.ts';
import { AKP_SINCE, curves, rsaExponents, USUAL_RSA_EXPONENT } from '../../formats/algorithms.ts';
import { openOperations, secureOperations } from '../../formats/key-wrap-modes.ts';
import { mlDsaSets } from '../../formats/ml-dsa.ts';
import { hasVersion } from '../../http/api-version.ts';
import { ServiceError } from '../../http/service-error.ts';

interface KeyType {
  readonly kty: KeyBinding['kty'];
  readonly operations: readonly string[];
  /** Of keys with a release policy that never leave, and never by default. */
  readonly secure?: readonly string[];
  readonly sizes: readonly number[];
  readonly defaultSize: number;
}

/** First api-version with secureWrapKey and secureUnwrapKey. */
export const SECURE_SINCE = '2026-01-01-preview';
const RSA: KeyType = {
  kty: 'RSA-HSM',
  operations: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  secure: secureOperations,
  sizes: [2048, 3072, 4096],
  defaultSize: 2048,
};
const EC: KeyType = { kty: 'EC-HSM', operations: ['sign', 'verify', 'deriveKey'], sizes: [], defaultSize: 0 };
const OCT: KeyType = {
  kty: 'oct-HSM',
  operations: ['deriveKey', 'wrapKey', 'unwrapKey', 'encrypt', 'decrypt', 'sign', 'verify'],
  secure: secureOperations,
  sizes: [128, 192, 256],
  defaultSize: 256,
};
const AKP: KeyType = { kty: 'AKP-HSM', operations: ['sign', 'verify'], sizes: [], defaultSize: 0 };
/** Every key is made in the module, so the names without `-HSM` mean the same. */
const TYPES: ReadonlyMap<string, KeyType> = new Map([
  ['RSA', RSA],
  ['RSA-HSM', RSA],
  ['EC', EC],
  ['EC-HSM', EC],
  ['oct', OCT],
  ['oct-HSM', OCT],
  ['AES', OCT],
  ['AKP', AKP],
  ['AKP-HSM', AKP],
]);
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
export function resolveKeyKind(asked: KeyKindRequest): KeyKind {
  const type = resolveType(asked.kty);
  if (type === AKP) {
    refuseMember('key_size', asked.keySize, 'AKP keys are chosen by alg');
    refuseMember('crv', asked.curve, 'it belongs to EC keys');
    refuseMember('public_exponent', asked.publicExponent, 'it belongs to RSA keys');
    return { kty: type.kty, alg: resolveAkpAlg(asked.alg) };
  }
  refuseMember('alg', asked.alg, 'it belongs to AKP keys');
  if (type === EC) {
    // Clients send a size with every type; of EC keys it says nothing.
    refuseMember('public_exponent', asked.publicExponent, 'it belongs to RSA keys');
    return { kty: type.kty, curve: resolveCurve(asked.curve) };
  }
  refuseMember('crv', asked.curve, 'it belongs to EC keys');
  const size = asked.keySize ?? type.defaultSize;
  if (!type.sizes.includes(size)) {
    throw new ServiceError(
      'BadParameter',
      `Invalid key size: '${size}'. ${type.kty} takes key_size ${type.sizes.join(', ')}`,
    );
  }
  if (type === OCT) {
    refuseMember('public_exponent', asked.publicExponent, 'it belongs to RSA keys');
    return { kty: type.kty, size };
  }
  const publicExponent = asked.publicExponent ?? USUAL_RSA_EXPONENT;
  if (!rsaExponents.includes(publicExponent)) {
    throw new ServiceError(
      'BadParameter',
      `Invalid public_exponent: '${publicExponent}'. Use one of ${rsaExponents.join(', ')}`,
    );
  }
  return { kty: type.kty, size, publicExponent };
}

/** The type of a key to import. @throws ServiceError BadParameter */
export function resolveKty(asked: string): KeyBinding['kty'] {
  return resolveType(asked).kty;
}

function resolveType(asked: string): KeyType {
  const type = TYPES.get(asked);
  if (type === undefined) {
    throw new ServiceError(
      'BadParameter',
      `Invalid kty: '${clip(asked)}'. Use one of RSA-HSM, EC-HSM, oct-HSM, AKP-HSM`,
    );
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
    throw new ServiceError('BadParameter', "key_ops 'export' is for exportable keys with a release policy");
  }
  const allowed = [...operations, ...(exportable ? ['export'] : []), ...secure];
  const ops = [...new Set(asked)];
  if (ops.includes('import')) {
    if (kty === 'RSA-HSM' && ops.length === 1) return ops;
    throw new ServiceError('BadParameter', "key_ops 'import' is for RSA-HSM keys and excludes every other operation");
  }
  const wrong = ops.find((op) => !allowed.includes(op));
  if (wrong !== undefined) {
    throw new ServiceError(
      'BadParameter',
      `key_ops '${clip(wrong)}' is not for ${kty} keys. Use a subset of ${allowed.join(', ')}`,
    );
  }
  const open = ops.find((op) => openOperations.includes(op));
  if (open !== undefined && ops.some((op) => secure.includes(op))) {
    throw new ServiceError(
      'BadParameter',
      `key_ops '${open}' excludes ${secure.join(' and ')}: what they wrap would open`,
    );
  }
  return ops;
}

/** @throws ServiceError BadParameter for operations that the request's version does not know */
export function checkKeyOpsVersion(keyOps: readonly string[] | undefined, apiVersion: string): void {
  const newer = keyOps?.find((op) => secureOperations.includes(op));
  if (newer === undefined || hasVersion(apiVersion, SECURE_SINCE)) return;
  throw new ServiceError('BadParameter', `key_ops '${newer}' needs api-version ${SECURE_SINCE} or later`);
}

/** @throws ServiceError BadParameter for a type that the request's version does not know */
export function checkKtyVersion(kty: KeyBinding['kty'], apiVersion: string): void {
  if (kty !== AKP.kty || hasVersion(apiVersion, AKP_SINCE)) return;
  throw new ServiceError('BadParameter', `kty '${kty}' needs api-version ${AKP_SINCE} or later`);
}

/** @throws ServiceError BadParameter */
export function resolveAkpAlg(asked: string | undefined): string {
  if (asked !== undefined && mlDsaSets.has(asked)) return asked;
  const known = [...mlDsaSets.keys()].join(', ');
  const problem = asked === undefined ? "Property 'alg' is required for AKP keys" : `Invalid alg: '${clip(asked)}'`;
  throw new ServiceError('BadParameter', `${problem}. Use one of ${known}`);
}

/** The curve by our name for it. @throws ServiceError BadParameter */
export function resolveCurve(asked: string | undefined): string {
  const curve = CURVE_ALIASES.get(asked ?? '') ?? asked ?? 'P-256';
  if (!curves.has(curve)) {
    throw new ServiceError(
      'BadParameter',
      `Invalid crv: '${clip(curve)}'. Use one of ${[...curves.keys()].join(', ')}`,
    );
  }
  return curve;
}

function refuseMember(name: string, value: unknown, why: string): void {
  if (value === undefined) return;
  throw new ServiceError('BadParameter', `Property '${name}' does not go with this kty: ${why}`);
}

/** What a client sent, short enough to repeat to it. */
function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
