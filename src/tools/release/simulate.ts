// Plays a release through, offline: would this token get a key with this policy, and if not, why. It uses the service's
// own judgement; what it cannot know is whether an instance trusts the authority.
import { compactVerify } from 'jose/jws/compact/verify';
import { readSigningKeys } from '../../features/auth/signing-key.ts';
import { readTokenText } from '../../features/auth/token-text.ts';
import { judge } from '../../features/release/target/judge.ts';
import { printableLine } from '../../formats/printable.ts';
import { canonicalText, parsePolicyText } from '../../formats/release-policy/canonical.ts';
import type { Trace } from '../../formats/release-policy/evaluate.ts';
import { readPolicy } from '../../formats/release-policy/grammar.ts';
import { policyWarnings } from '../../formats/release-policy/never-passes.ts';

type Simulation = Awaited<ReturnType<typeof simulate>>;

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

const TIME: Readonly<Record<Simulation['time'], string>> = {
  valid: 'the token is valid now',
  'no exp': 'the token has no exp',
  malformed: 'nbf or exp is not a time',
  'not yet valid': 'the token is not yet valid',
  expired: 'the token has expired',
};

/** As a table for people: one line for each thing that was looked at, the nested ones indented. */
export function simulationText(simulation: Simulation): string {
  const { issuer, authorityNamed, signature, time, enclaveKey, conditions, warnings } = simulation;
  const lines = [
    line(authorityNamed, 'authority', `${short(issuer)} is ${authorityNamed ? '' : 'not '}named by the policy`),
    line(
      signature === 'not checked' ? undefined : signature === 'valid',
      'signature',
      signature === 'not checked' ? 'not checked (--jwks checks it)' : `${signature} by the key set given`,
    ),
    line(time === 'valid', 'time', TIME[time]),
    line(
      enclaveKey !== undefined,
      'enclave key',
      enclaveKey === undefined ? 'x-ms-runtime.keys has none that will do' : short(enclaveKey),
    ),
    ...conditions.flatMap((trace) => traceLines(trace, 0)),
    ...warnings.map((warning) => `  ! policy: ${warning}`),
  ];
  const verdict = simulation.passes
    ? 'The token passes. An instance must also trust its authority.'
    : 'The token does not pass.';
  return `${verdict}\n${lines.map((text) => `${printableLine(text)}\n`).join('')}`;
}

function traceLines(trace: Trace, depth: number): readonly string[] {
  if (trace.kind === 'claim') {
    const actual = trace.actual === undefined ? 'missing' : short(JSON.stringify(trace.actual));
    const wanted = `${trace.operator} ${JSON.stringify(trace.expected)}`;
    return [line(trace.passes, 'claim', `${'  '.repeat(depth)}${short(trace.claim)} ${wanted}; it is ${actual}`)];
  }
  const title = `${'  '.repeat(depth)}${trace.kind} of ${trace.parts.length}`;
  return [line(trace.passes, 'condition', title), ...trace.parts.flatMap((part) => traceLines(part, depth + 1))];
}

function line(passes: boolean | undefined, name: string, text: string): string {
  return `  ${passes === undefined ? '-' : passes ? 'yes' : 'NO'}`.padEnd(7) + name.padEnd(13) + text;
}

/** A token's texts are a stranger's, and as long as they like. */
function short(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
