// Judges the claims of an attestation token against a release policy at one moment. Pure: the signature and who is
// trusted are others' business. The service needs the verdict; `release simulate` shows how it came about.
import { evaluate, type Trace } from '../../../formats/release-policy/evaluate.ts';
import { normalAuthority, type Policy } from '../../../formats/release-policy/grammar.ts';
import { type EnclaveKey, enclaveKeyOf } from './enclave-key.ts';

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
