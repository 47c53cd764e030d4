// RSA-AES key wrap as the wire names it: a fresh AES-256 key under RSA-OAEP, then the key under AES key wrap with padding
// (RFC 5649). The modes differ in the hash of OAEP and its MGF1. And what wraps a key made inside: algorithms and operations.
import type { Kty } from './algorithms.ts';

export const wrapModes: ReadonlyMap<string, { readonly hash: 'sha1' | 'sha256' | 'sha384' }> = new Map([
  ['CKM_RSA_AES_KEY_WRAP', { hash: 'sha1' }],
  ['RSA_AES_KEY_WRAP_256', { hash: 'sha256' }],
  ['RSA_AES_KEY_WRAP_384', { hash: 'sha384' }],
]);

export const DEFAULT_WRAP_MODE = 'CKM_RSA_AES_KEY_WRAP';

/** The operations of keys that wrap what nobody may see. */
export const secureOperations: readonly string[] = ['secureWrapKey', 'secureUnwrapKey'];
/** Any of these gives out in the clear, or takes in, what those wrap. */
export const openOperations: readonly string[] = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];

/** The key wraps what nobody may see: it has no open operation, and it never leaves. */
export function isSecure(keyOps: readonly string[]): boolean {
  return keyOps.some((op) => secureOperations.includes(op));
}

/** What secureWrapKey and secureUnwrapKey take, by the algorithm that does the work; `bits` 0: any size of key. */
export interface SecureWrapAlgorithm {
  readonly kty: Kty;
  readonly algorithm: string;
  readonly bits: 0 | 128 | 192 | 256;
}

export const secureWrapAlgorithms: ReadonlyMap<string, SecureWrapAlgorithm> = new Map<string, SecureWrapAlgorithm>([
  ['RSA-OAEP-256', { kty: 'RSA-HSM', algorithm: 'RSA-OAEP-256', bits: 0 }],
  ['A128KW', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP', bits: 128 }],
  ['A192KW', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP', bits: 192 }],
  ['A256KW', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP', bits: 256 }],
  ['A128KWPAD', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP_PAD', bits: 128 }],
  ['A192KWPAD', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP_PAD', bits: 192 }],
  ['A256KWPAD', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP_PAD', bits: 256 }],
  ['CKM_AES_KEY_WRAP', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP', bits: 0 }],
  ['CKM_AES_KEY_WRAP_PAD', { kty: 'oct-HSM', algorithm: 'CKM_AES_KEY_WRAP_PAD', bits: 0 }],
]);
