// One public key of an issuer and the algorithms that it may verify. Reads JWKs of which nothing is trusted.
import { createPublicKey, type KeyObject } from 'node:crypto';

/** Signatures by private keys only. HMAC and `none` are not here, so no token can choose them. */
export const TOKEN_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
];

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
  /** Equal for equal keys: the key itself, not its name. */
  readonly identity: string;
}

const RSA_ALGORITHMS = TOKEN_ALGORITHMS.filter((algorithm) => !algorithm.startsWith('ES'));
const CURVES: ReadonlyMap<unknown, string> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
]);

/** The keys of a JWK Set (RFC 7517 §5) that can verify tokens; others in it are none of our business. */
export function readSigningKeys(set: unknown): ReadonlyMap<string, SigningKey> {
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys) || keys.length > 100) throw new Error('the key set is not a JWK Set of at most 100 keys');
  const found = new Map<string, SigningKey>();
  for (const jwk of keys as unknown[]) {
    const key = readSigningKey(jwk);
    if (key === undefined) continue;
    if (found.has(key.kid)) throw new Error('two keys of the key set have the same kid');
    found.set(key.kid, key);
  }
  if (found.size === 0) throw new Error('the key set has no key that could verify a token');
  return found;
}

function readSigningKey(jwk: unknown): SigningKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, kty, use, alg, n, e, crv, x, y } = jwk as Readonly<Record<string, unknown>>;
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  const fitting = kty === 'RSA' ? RSA_ALGORITHMS : kty === 'EC' ? [CURVES.get(crv) ?? ''] : [];
  const algorithms = fitting.filter((algorithm) => algorithm !== '' && (alg === undefined || alg === algorithm));
  if (algorithms.length === 0) return undefined;
  // Public members only, so that nothing else in the JWK can have a say.
  const publicMembers = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  const key = importKey(publicMembers);
  if (key === undefined || !isStrong(key)) return undefined;
  return { kid, key, algorithms, identity: JSON.stringify([publicMembers, algorithms]) };
}

function importKey(jwk: Readonly<Record<string, unknown>>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // A key that OpenSSL does not take verifies nothing; tokens signed with it are refused as of an unknown key.
    return undefined;
  }
}

function isStrong(key: KeyObject): boolean {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  return key.asymmetricKeyType !== 'rsa' || (bits !== undefined && bits >= 2048 && bits <= 8192);
}
