// `strongroom attestation verify`: proves, offline, what an HSM's module signed about a key.

import { X509Certificate } from 'node:crypto';
import { isSecure } from '../../../formats/key-wrap-modes.ts';
import { immutabilityOf, policyHashOf } from '../../../formats/policy-binding.ts';
import { printableJson, printableLine } from '../../../formats/printable.ts';
import * as feature from '../../../tools/attestation/verify-attestation.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { readInput, readJsonInput } from '../../read-input.ts';

export const verify = command({
  name: 'attestation verify',
  summary: 'prove what an HSM signed about a key',
  operands: 'FILE',
  details: `
FILE is the attested key as the service answers it, or what 'az keyvault key get-attestation --file' saves. Checks the
chain and both statements, and that they are of one key. Without --root it cannot know whose HSM signed: compare the root
that it prints with the one that you know. The exit code is 0 when everything holds.`,
  options: {
    'root FILE': 'root certificate (PEM) at which the chain must end',
    ...jsonOption,
  },
  examples: [
    'strongroom attestation verify mykey.json',
    'strongroom attestation verify mykey.json --root hsm-root.pem --json',
  ],
  async run({ root, json }, [file, spare], terminal) {
    if (file === undefined || spare !== undefined) throw new UsageError('name one attestation file');
    const trusted = root === undefined ? undefined : readRoot(root);
    const document = readJsonInput(file);
    try {
      const verified = feature.verifyAttestation(document, trusted);
      terminal.out(json ? printableJson(verified) : textOf(verified));
      return 0;
    } catch (error) {
      if (error instanceof feature.AttestationError) {
        throw new CommandError(`it does not verify: ${error.message}`, { cause: error });
      }
      throw error;
    }
  },
});

function textOf({
  statement,
  root,
  anchored,
}: ReturnType<typeof import('../../../tools/attestation/verify-attestation.ts').verifyAttestation>): string {
  const { key, instance, module } = statement;
  const rows: readonly (readonly [string, string])[] = [
    ['key', `${key['name']} ${key['version']} (${key['kty']})`],
    ['held by', `${instance.name} (${instance.id}), ${module.engine}, not FIPS validated`],
    ['may', statement.keyOps.join(', ')],
    ['leaves', statement.exportable ? policyText(statement.releasePolicy) : 'never'],
    ...wrapsOf(statement),
    ['signed', new Date(statement.issuedAt * 1000).toISOString()],
    ['root', `${root}${anchored === true ? ' (the one given)' : ' (compare it; --root does)'}`],
  ];
  return `The attestation verifies.\n${rows.map(([name, value]) => `  ${name.padEnd(9)}${printableLine(value)}\n`).join('')}`;
}

/** A key that never leaves, and has a policy for what it wrapped. */
function wrapsOf({
  keyOps,
  releasePolicy,
}: {
  readonly keyOps: readonly string[];
  readonly releasePolicy: string;
}): [string, string][] {
  return isSecure(keyOps) ? [['wraps', `for enclaves, ${policyText(releasePolicy)}`]] : [];
}

const CHANGES = {
  'from-creation': 'immutable from creation',
  true: 'immutable now, and perhaps not always: a backup of before brings it back changeable',
  false: 'which can be changed',
} as const;

function policyText(binding: string): string {
  return `under release policy ${policyHashOf(binding)}, ${CHANGES[`${immutabilityOf(binding)}`]}`;
}

function readRoot(file: string): X509Certificate {
  const bytes = readInput(file);
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw new CommandError(`${file} is not a certificate`, { cause });
  }
}
