// `strongroom attestation verify`: proves, offline, what an HSM's module signed about a key.
import { X509Certificate } from 'node:crypto';
import { isSecure } from '../../formats/key-wrap-modes.ts';
import { immutabilityOf, policyHashOf } from '../../formats/policy-binding.ts';
import { verifyAttestation } from '../../tools/attestation/verify-attestation.ts';
import { type Command, CommandError, command, jsonOption } from '../command.ts';
import { readInput, readJsonInput } from '../read-input.ts';
import { labelled } from '../show.ts';

export const commands: readonly Command[] = [
  command({
    name: 'attestation verify',
    summary: 'prove what an HSM signed about a key',
    operands: 'FILE',
    wants: 'name one attestation file',
    details: `
FILE is the attested key as the service answers it, or what 'az keyvault key get-attestation --file' saves. Checks the
chain and both statements, and that they are of one key. Without --root it cannot know whose HSM signed: compare the root
that it prints with the one that you know. The exit code is 0 when everything holds.`,
    options: { 'root FILE': 'root certificate (PEM) at which the chain must end', ...jsonOption },
    examples: [
      'strongroom attestation verify mykey.json',
      'strongroom attestation verify mykey.json --root hsm-root.pem --json',
    ],
    explains: { Refusal: 'it does not verify: ' },
    run({ root }, [file]) {
      const trusted = root === undefined ? undefined : readRoot(root);
      const document = readJsonInput(file);
      const verified = verifyAttestation(document, trusted);
      return { json: verified, text: textOf(verified) };
    },
  }),
];

function textOf({ statement, root, anchored }: ReturnType<typeof verifyAttestation>): string {
  const { key, instance, module, keyOps, releasePolicy } = statement;
  const rows = labelled(
    [
      ['key', `${key['name']} ${key['version']} (${key['kty']})`],
      ['held by', `${instance.name} (${instance.id}), ${module.engine}, not FIPS validated`],
      ['may', keyOps.join(', ')],
      ['leaves', statement.exportable ? policyText(releasePolicy) : 'never'],
      // A key that never leaves, and has a policy for what it wrapped.
      ['wraps', isSecure(keyOps) ? `for enclaves, ${policyText(releasePolicy)}` : undefined],
      ['signed', new Date(statement.issuedAt * 1000).toISOString()],
      ['root', `${root}${anchored === true ? ' (the one given)' : ' (compare it; --root does)'}`],
    ],
    9,
    '  ',
  );
  return `The attestation verifies.\n${rows}`;
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
