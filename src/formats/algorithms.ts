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

const rows: readonly Algorithm[] = [
  { name: 'RSA1_5', code: 1, kty: 'RSA-HSM', operations: BOTH, scheme: { kind: 'rsa-encryption', padding: 'pkcs1' } },
  {
    name: 'RSA-OAEP',
    code: 2,
    kty: 'RSA-HSM',
    operations: BOTH,
    scheme: { kind: 'rsa-encryption', padding: 'oaep', hash: 'sha1' },
  },
  {
    name: 'RSA-OAEP-256',
    code: 3,
    kty: 'RSA-HSM',
    operations: BOTH,
    scheme: { kind: 'rsa-encryption', padding: 'oaep', hash: 'sha256' },
  },
  {
    name: 'RS256',
    code: 10,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'pkcs1', hash: 'sha256' },
    digestLength: 32,
  },
  {
    name: 'RS384',
    code: 11,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'pkcs1', hash: 'sha384' },
    digestLength: 48,
  },
  {
    name: 'RS512',
    code: 12,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'pkcs1', hash: 'sha512' },
    digestLength: 64,
  },
  {
    name: 'PS256',
    code: 13,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'pss', hash: 'sha256' },
    digestLength: 32,
  },
  {
    name: 'PS384',
    code: 14,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'pss', hash: 'sha384' },
    digestLength: 48,
  },
  {
    name: 'PS512',
    code: 15,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'pss', hash: 'sha512' },
    digestLength: 64,
  },
  {
    name: 'RSNULL',
    code: 16,
    kty: 'RSA-HSM',
    operations: SIGN,
    scheme: { kind: 'rsa-signature', padding: 'raw-pkcs1' },
  },
  {
    name: 'ES256',
    code: 20,
    kty: 'EC-HSM',
    operations: SIGN,
    scheme: { kind: 'ecdsa', curve: 'P-256', hash: 'sha256' },
    digestLength: 32,
  },
  {
    name: 'ES256K',
    code: 21,
    kty: 'EC-HSM',
    operations: SIGN,
    scheme: { kind: 'ecdsa', curve: 'P-256K', hash: 'sha256' },
    digestLength: 32,
  },
  {
    name: 'ES384',
    code: 22,
    kty: 'EC-HSM',
    operations: SIGN,
    scheme: { kind: 'ecdsa', curve: 'P-384', hash: 'sha384' },
    digestLength: 48,
  },
  {
    name: 'ES512',
    code: 23,
    kty: 'EC-HSM',
    operations: SIGN,
    scheme: { kind: 'ecdsa', curve: 'P-521', hash: 'sha512' },
    digestLength: 64,
  },
  { name: 'A128GCM', code: 30, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-gcm', keyBits: 128 } },
  { name: 'A192GCM', code: 31, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-gcm', keyBits: 192 } },
  { name: 'A256GCM', code: 32, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-gcm', keyBits: 256 } },
  { name: 'A128CBC', code: 33, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-cbc', keyBits: 128 } },
  { name: 'A192CBC', code: 34, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-cbc', keyBits: 192 } },
  { name: 'A256CBC', code: 35, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-cbc', keyBits: 256 } },
  { name: 'A128CBCPAD', code: 36, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-cbc-pad', keyBits: 128 } },
  { name: 'A192CBCPAD', code: 37, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-cbc-pad', keyBits: 192 } },
  { name: 'A256CBCPAD', code: 38, kty: 'oct-HSM', operations: CIPHER, scheme: { kind: 'aes-cbc-pad', keyBits: 256 } },
  { name: 'A128KW', code: 40, kty: 'oct-HSM', operations: BOTH, scheme: { kind: 'aes-kw', keyBits: 128 } },
  { name: 'A192KW', code: 41, kty: 'oct-HSM', operations: BOTH, scheme: { kind: 'aes-kw', keyBits: 192 } },
  { name: 'A256KW', code: 42, kty: 'oct-HSM', operations: BOTH, scheme: { kind: 'aes-kw', keyBits: 256 } },
  {
    name: 'CKM_AES_KEY_WRAP',
    code: 43,
    kty: 'oct-HSM',
    operations: WRAP,
    scheme: { kind: 'aes-kw', keyBits: 0 },
    since: '7.6-preview.2',
  },
  {
    name: 'CKM_AES_KEY_WRAP_PAD',
    code: 44,
    kty: 'oct-HSM',
    operations: WRAP,
    scheme: { kind: 'aes-kwp', keyBits: 0 },
    since: '7.6-preview.2',
  },
  {
    name: 'HS256',
    code: 50,
    kty: 'oct-HSM',
    operations: SIGN,
    scheme: { kind: 'hmac', hash: 'sha256' },
    since: '7.6-preview.2',
  },
  {
    name: 'HS384',
    code: 51,
    kty: 'oct-HSM',
    operations: SIGN,
    scheme: { kind: 'hmac', hash: 'sha384' },
    since: '7.6-preview.2',
  },
  {
    name: 'HS512',
    code: 52,
    kty: 'oct-HSM',
    operations: SIGN,
    scheme: { kind: 'hmac', hash: 'sha512' },
    since: '7.6-preview.2',
  },
  ...['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'].map(
    (name, index): Algorithm => ({
      name,
      code: 60 + index,
      kty: 'AKP-HSM',
      operations: SIGN,
      scheme: { kind: 'ml-dsa', parameterSet: name },
      since: AKP_SINCE,
    }),
  ),
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
