// Judges the claims of an attestation token against a release policy at one moment. Pure: the signature and who is
// trusted are others' business. The service needs the verdict; `release simulate` shows how it came about.
import { createPublicKey } from 'node:crypto';
import { evaluate, type Trace } from '../../../formats/release-policy/evaluate.ts';
import { normalAuthority, type Policy } from '../../../formats/release-policy/grammar.ts';

export interface EnclaveKey {
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

export interface Judgement {
  /** As normalised; undefined when the token's `iss` cannot be an authority. */
  readonly authority: string | undefined;
  /** Whether the policy names it. */
  readonly named: boolean;
  readonly time: 'valid' | 'no exp' | 'malformed' | 'not yet valid' | 'expired';
  /** One for each entry of the policy that names the authority; one that passes suffices. */
  readonly conditions: readonly Trace[];
  readonly enclaveKey: EnclaveKey | undefined;
  readonly passes: boolean;
}

/** @param now Unix seconds */
export function judge(policy: Policy, claims: Readonly<Record<string, unknown>>, now: number): Judgement {
  const { iss } = claims;
  const authority = typeof iss === 'string' ? normalAuthority(iss) : undefined;
  const entries = policy.authorities.filter((entry) => entry.authority === authority);
  const conditions = entries.map(({ condition }) => evaluate(condition, claims));
  const time = timeOf(claims, now);
  const enclaveKey = enclaveKeyOf(claims);
  return {
    authority,
    named: entries.length > 0,
    time,
    conditions,
    enclaveKey,
    passes: time === 'valid' && enclaveKey !== undefined && conditions.some(({ passes }) => passes),
  };
}

/** RFC 7519 §4.1.4 and §4.1.5, without leeway: tokens are fetched for the release. */
function timeOf({ nbf, exp }: Readonly<Record<string, unknown>>, now: number): Judgement['time'] {
  if (exp === undefined) return 'no exp';
  if (!isTime(exp) || (nbf !== undefined && !isTime(nbf))) return 'malformed';
  if (now >= exp) return 'expired';
  return nbf !== undefined && now < nbf ? 'not yet valid' : 'valid';
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** The first claim that kept a condition from passing, for people. */
export function firstFailure(trace: Trace): string {
  if (trace.kind === 'claim') {
    return `claim ${trace.claim} ${trace.actual === undefined ? 'is missing' : `does not meet '${trace.operator}'`}`;
  }
  const failed = trace.parts.find(({ passes }) => !passes);
  return failed === undefined ? 'no condition passed' : firstFailure(failed);
}

/**
 * Of the claim `x-ms-runtime.keys`: the first RSA key that is for encryption and has a name. What is released is encrypted to it.
 * Undefined when there is none that will do: RSA, 2048 bits or more.
 */
function enclaveKeyOf(claims: Readonly<Record<string, unknown>>): EnclaveKey | undefined {
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
