// One public key of an issuer and the algorithms that it may verify. Reads JWKs of which nothing is trusted.
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

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
  /** Unix seconds at which its certificate ends, if it has one. It is told, and judges nothing: who takes a key back leaves it out. */
  readonly expiresAt: number | undefined;
}

const RSA_ALGORITHMS = TOKEN_ALGORITHMS.filter((algorithm) => !algorithm.startsWith('ES'));
const CURVES: ReadonlyMap<unknown, string> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
]);

/**
 * The keys of a JWK Set (RFC 7517 §5) that somebody gives us to keep; others in it are none of our business.
 * @throws Error when it is no set, or has nothing to verify with, or two keys of one name
 */
export function readSigningKeys(set: unknown): ReadonlyMap<string, SigningKey> {
  const jwks = membersOf(set);
  if (jwks.length > 100) throw new Error('the key set is not a JWK Set of at most 100 keys');
  const { keys, twice } = usableOf(jwks);
  if (twice.size > 0) throw new Error('two keys of the key set have the same kid');
  if (keys.size === 0) throw new Error('the key set has no key that could verify a token');
  return keys;
}

/**
 * The keys that an issuer answers with. What it leaves out it has taken back, so a set without any key is an answer too;
 * of two keys of one name neither is known.
 * @throws Error when it is no set: then nothing was answered
 */
export function answeredSigningKeys(set: unknown): ReadonlyMap<string, SigningKey> {
  return usableOf(membersOf(set)).keys;
}

function membersOf(set: unknown): readonly unknown[] {
  const jwks = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(jwks)) throw new Error('the key set is not a JWK Set');
  return jwks as readonly unknown[];
}

function usableOf(jwks: readonly unknown[]): {
  readonly keys: ReadonlyMap<string, SigningKey>;
  readonly twice: ReadonlySet<string>;
} {
  const keys = new Map<string, SigningKey>();
  const twice = new Set<string>();
  for (const jwk of jwks) {
    const key = readSigningKey(jwk);
    if (key === undefined) continue;
    if (keys.has(key.kid)) twice.add(key.kid);
    keys.set(key.kid, key);
  }
  for (const kid of twice) keys.delete(kid);
  return { keys, twice };
}

function readSigningKey(jwk: unknown): SigningKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, kty, use, alg, n, e, crv, x, y, x5c } = jwk as Readonly<Record<string, unknown>>;
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  const fitting = kty === 'RSA' ? RSA_ALGORITHMS : kty === 'EC' ? [CURVES.get(crv) ?? ''] : [];
  const algorithms = fitting.filter((algorithm) => algorithm !== '' && (alg === undefined || alg === algorithm));
  if (algorithms.length === 0) return undefined;
  // Public members only, so that nothing else in the JWK can have a say.
  const publicMembers = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  const key = importKey(publicMembers);
  if (key === undefined || !isStrong(key)) return undefined;
  return { kid, key, algorithms, identity: JSON.stringify([publicMembers, algorithms]), expiresAt: endOf(x5c) };
}

function endOf(chain: unknown): number | undefined {
  const [leaf] = Array.isArray(chain) ? (chain as readonly unknown[]) : [];
  if (typeof leaf !== 'string' || leaf.length > 16_384) return undefined;
  try {
    const end = new X509Certificate(Buffer.from(leaf, 'base64')).validToDate.getTime() / 1000;
    return Number.isFinite(end) ? end : undefined;
  } catch {
    return undefined; // what does not read ends nowhere
  }
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
