// A simulation as a table for people: one line for each thing that was looked at, the nested ones indented.

import { printableLine } from '../../../formats/printable.ts';
import type { Trace } from '../../../formats/release-policy/evaluate.ts';
import type { Simulation } from './simulate.ts';

const TIME: Readonly<Record<Simulation['time'], string>> = {
  valid: 'the token is valid now',
  'no exp': 'the token has no exp',
  malformed: 'nbf or exp is not a time',
  'not yet valid': 'the token is not yet valid',
  expired: 'the token has expired',
};

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
