// Plays a release through, offline: would this token get a key with this policy, and if not, why. It uses the service's
// own judgement; what it cannot know is whether an instance trusts the authority.
import { compactVerify } from 'jose';
import { readSigningKeys } from '../../../features/auth/signing-key.ts';
import { readTokenText } from '../../../features/auth/token-text.ts';
import { judge } from '../../../features/release/target/judge.ts';
import { canonicalText, parsePolicyText } from '../../../formats/release-policy/canonical.ts';
import { readPolicy } from '../../../formats/release-policy/grammar.ts';
import { policyWarnings } from '../../../formats/release-policy/never-passes.ts';

export type Simulation = Awaited<ReturnType<typeof simulate>>;

interface SimulationInput {
  /** The policy's JSON. */
  readonly policy: Uint8Array;
  readonly token: string;
  /** The authority's JWK Set; undefined: the signature is not checked. */
  readonly jwks: unknown;
  /** Unix seconds. */
  readonly now: number;
}

/** @throws PolicyError, AuthError when policy or token cannot be read */
export async function simulate({ policy: text, token, jwks, now }: SimulationInput) {
  const policy = readPolicy(parsePolicyText(text));
  const { claims, kid, algorithm } = readTokenText(token);
  const judgement = judge(policy, claims, now);
  const signature = jwks === undefined ? 'not checked' : await check(token, kid, algorithm, jwks);
  return {
    passes: judgement.passes && signature !== 'invalid',
    signature,
    issuer: typeof claims['iss'] === 'string' ? claims['iss'] : '',
    authorityNamed: judgement.named,
    time: judgement.time,
    enclaveKey: judgement.enclaveKey?.kid,
    conditions: judgement.conditions,
    warnings: policyWarnings(policy),
  };
}

/** What `release check` says of a policy. @throws PolicyError */
export function describePolicy(text: Uint8Array): { readonly canonical: string; readonly warnings: readonly string[] } {
  const value = parsePolicyText(text);
  return { warnings: policyWarnings(readPolicy(value)), canonical: canonicalText(value) };
}

async function check(token: string, kid: string, algorithm: string, jwks: unknown): Promise<'valid' | 'invalid'> {
  const key = readSigningKeys(jwks).get(kid);
  if (!key?.algorithms.includes(algorithm)) return 'invalid';
  return compactVerify(token, key.key, { algorithms: [algorithm] }).then(
    () => 'valid',
    () => 'invalid',
  );
}
