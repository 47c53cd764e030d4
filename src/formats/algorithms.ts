// Every algorithm the key operations know, one row each: which key it takes, what it may do, its input rules.
// Sources: RFC 7518 (JWA), RFC 8812 (ES256K), RFC 3394/5649 (key wrap), NIST SP 800-38A/D (CBC, GCM), FIPS 204 (ML-DSA).

export type Kty = 'RSA-HSM' | 'EC-HSM' | 'oct-HSM' | 'AKP-HSM';
export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Key operations as spelled on the wire, with the code used between processes and the entry of `key_ops` it needs. */
export const operations = {
  encrypt: { code: 1, keyOp: 'encrypt' },
  decrypt: { code: 2, keyOp: 'decrypt' },
  wrapKey: { code: 3, keyOp: 'wrapKey' },
  unwrapKey: { code: 4, keyOp: 'unwrapKey' },
  sign: { code: 5, keyOp: 'sign' },
  verify: { code: 6, keyOp: 'verify' },
} as const;
export type Operation = keyof typeof operations;

export interface Algorithm {
  readonly name: string;
  /** Stable number between processes; never reused. */
  readonly code: number;
  readonly kty: Kty;
  readonly operations: readonly Operation[];
  readonly scheme:
    | { readonly kind: 'rsa-encryption'; readonly padding: 'pkcs1' | 'oaep'; readonly hash?: Hash }
    | { readonly kind: 'rsa-signature'; readonly padding: 'pkcs1' | 'pss' | 'raw-pkcs1'; readonly hash?: Hash }
    | { readonly kind: 'ecdsa'; readonly curve: string; readonly hash: Hash }
    | {
        readonly kind: 'aes-gcm' | 'aes-cbc' | 'aes-cbc-pad' | 'aes-kw' | 'aes-kwp';
        readonly keyBits: 0 | 128 | 192 | 256;
      }
    | { readonly kind: 'hmac'; readonly hash: Hash }
    | { readonly kind: 'ml-dsa'; readonly parameterSet: string };
  /** Bytes of the digest that sign and verify take. */
  readonly digestLength?: number;
  /** First api-version that has it; absent: all. */
  readonly since?: string;
}

/** First api-version with keys of type AKP. */
export const AKP_SINCE = '2026-05-01-preview';

const BOTH = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] as const;
const SIGN = ['sign', 'verify'] as const;
const CIPHER = ['encrypt', 'decrypt'] as const;
const WRAP = ['wrapKey', 'unwrapKey'] as const;
const DIGEST_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
/** First api-version of the algorithms that came with AES key wrap by PKCS#11 names. */
const WITH_CKM = '7.6-preview.2';

function rsaEncryption(
  name: string,
  code: number,
  how: { readonly padding: 'pkcs1' | 'oaep'; readonly hash?: Hash },
): Algorithm {
  return { name, code, kty: 'RSA-HSM', operations: BOTH, scheme: { kind: 'rsa-encryption', ...how } };
}

function rsaSignature(name: string, code: number, padding: 'pkcs1' | 'pss', hash: Hash): Algorithm {
  const scheme = { kind: 'rsa-signature', padding, hash } as const;
  return { name, code, kty: 'RSA-HSM', operations: SIGN, scheme, digestLength: DIGEST_BYTES[hash] };
}

function ecdsa(name: string, code: number, curve: string, hash: Hash): Algorithm {
  const scheme = { kind: 'ecdsa', curve, hash } as const;
  return { name, code, kty: 'EC-HSM', operations: SIGN, scheme, digestLength: DIGEST_BYTES[hash] };
}

function aes(
  name: string,
  code: number,
  does: readonly Operation[],
  scheme: Extract<Algorithm['scheme'], { readonly keyBits: number }>,
): Algorithm {
  return { name, code, kty: 'oct-HSM', operations: does, scheme };
}

function hmac(name: string, code: number, hash: Hash): Algorithm {
  return { name, code, kty: 'oct-HSM', operations: SIGN, scheme: { kind: 'hmac', hash }, since: WITH_CKM };
}

function mlDsa(name: string, code: number): Algorithm {
  const scheme = { kind: 'ml-dsa', parameterSet: name } as const;
  return { name, code, kty: 'AKP-HSM', operations: SIGN, scheme, since: AKP_SINCE };
}

const rows: readonly Algorithm[] = [
  rsaEncryption('RSA1_5', 1, { padding: 'pkcs1' }),
  rsaEncryption('RSA-OAEP', 2, { padding: 'oaep', hash: 'sha1' }),
  rsaEncryption('RSA-OAEP-256', 3, { padding: 'oaep', hash: 'sha256' }),
  rsaSignature('RS256', 10, 'pkcs1', 'sha256'),
  rsaSignature('RS384', 11, 'pkcs1', 'sha384'),
  rsaSignature('RS512', 12, 'pkcs1', 'sha512'),
  rsaSignature('PS256', 13, 'pss', 'sha256'),
  rsaSignature('PS384', 14, 'pss', 'sha384'),
  rsaSignature('PS512', 15, 'pss', 'sha512'),
  {
    name: 'RSNULL',
    code: 16,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'raw-pkcs1' },
  },
  ecdsa('ES256', 20, 'P-256', 'sha256'),
  ecdsa('ES256K', 21, 'P-256K', 'sha256'),
  ecdsa('ES384', 22, 'P-384', 'sha384'),
  ecdsa('ES512', 23, 'P-521', 'sha512'),
  aes('A128GCM', 30, CIPHER, { kind: 'aes-gcm', keyBits: 128 }),
  aes('A192GCM', 31, CIPHER, { kind: 'aes-gcm', keyBits: 192 }),
  aes('A256GCM', 32, CIPHER, { kind: 'aes-gcm', keyBits: 256 }),
  aes('A128CBC', 33, CIPHER, { kind: 'aes-cbc', keyBits: 128 }),
  aes('A192CBC', 34, CIPHER, { kind: 'aes-cbc', keyBits: 192 }),
  aes('A256CBC', 35, CIPHER, { kind: 'aes-cbc', keyBits: 256 }),
  aes('A128CBCPAD', 36, CIPHER, { kind: 'aes-cbc-pad', keyBits: 128 }),
  aes('A192CBCPAD', 37, CIPHER, { kind: 'aes-cbc-pad', keyBits: 192 }),
  aes('A256CBCPAD', 38, CIPHER, { kind: 'aes-cbc-pad', keyBits: 256 }),
  aes('A128KW', 40, BOTH, { kind: 'aes-kw', keyBits: 128 }),
  aes('A192KW', 41, BOTH, { kind: 'aes-kw', keyBits: 192 }),
  aes('A256KW', 42, BOTH, { kind: 'aes-kw', keyBits: 256 }),
  { ...aes('CKM_AES_KEY_WRAP', 43, WRAP, { kind: 'aes-kw', keyBits: 0 }), since: WITH_CKM },
  { ...aes('CKM_AES_KEY_WRAP_PAD', 44, WRAP, { kind: 'aes-kwp', keyBits: 0 }), since: WITH_CKM },
  hmac('HS256', 50, 'sha256'),
  hmac('HS384', 51, 'sha384'),
  hmac('HS512', 52, 'sha512'),
  mlDsa('ML-DSA-44', 60),
  mlDsa('ML-DSA-65', 61),
  mlDsa('ML-DSA-87', 62),
];

export const algorithms: ReadonlyMap<string, Algorithm> = new Map(rows.map((row) => [row.name, row]));
export const algorithmByCode: ReadonlyMap<number, Algorithm> = new Map(rows.map((row) => [row.code, row]));
export const operationByCode: ReadonlyMap<number, Operation> = new Map(
  (Object.keys(operations) as Operation[]).map((name) => [operations[name].code, name]),
);

/** Public exponents of RSA keys that are made here; imported keys may have others. */
export const rsaExponents: readonly number[] = [3, 5, 17, 257, 65537];
export const USUAL_RSA_EXPONENT = 65537;

/** JWK curve name → OpenSSL group, field bytes (RFC 7518 §6.2.1.1, RFC 8812 §3.1). */
export const curves: ReadonlyMap<string, { readonly group: string; readonly bytes: number }> = new Map([
  ['P-256', { group: 'prime256v1', bytes: 32 }],
  ['P-256K', { group: 'secp256k1', bytes: 32 }],
  ['P-384', { group: 'secp384r1', bytes: 48 }],
  ['P-521', { group: 'secp521r1', bytes: 66 }],
]);
