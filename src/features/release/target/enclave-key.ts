// The enclave's key in an attestation token: claim `x-ms-runtime.keys`, the first RSA key that is for encryption and has
// a name. What is released is encrypted to it.
import { createPublicKey } from 'node:crypto';

export interface EnclaveKey {
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

/** Undefined when there is none that will do: RSA, 2048 bits or more. */
export function enclaveKeyOf(claims: Readonly<Record<string, unknown>>): EnclaveKey | undefined {
  const runtime = claims['x-ms-runtime'];
  const keys = typeof runtime === 'object' && runtime !== null && 'keys' in runtime ? runtime.keys : undefined;
  if (!Array.isArray(keys) || keys.length > 100) return undefined;
  for (const jwk of keys as unknown[]) {
    if (typeof jwk !== 'object' || jwk === null) continue;
    const { kty, kid, n, e, use, key_use, key_ops } = jwk as Record<string, unknown>;
    if (kty !== 'RSA' || typeof kid !== 'string' || kid === '' || kid.length > 256) continue;
    const encrypts = use === 'enc' || key_use === 'enc' || (Array.isArray(key_ops) && key_ops.includes('encrypt'));
    if (!encrypts || typeof n !== 'string' || typeof e !== 'string') continue;
    return isStrong(n, e) ? { kid, n, e } : undefined;
  }
  return undefined;
}

function isStrong(n: string, e: string): boolean {
  try {
    const { modulusLength = 0 } =
      createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).asymmetricKeyDetails ?? {};
    return modulusLength >= 2048 && modulusLength <= 8192;
  } catch {
    // A key that OpenSSL does not take is no key.
    return false;
  }
}
