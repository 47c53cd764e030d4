// `strongroom custodian open`: proves, offline, that a security-domain file opens with a quorum of custodians' keys.
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { isFileError } from './keygen.ts';

export const open = command({
  name: 'custodian open',
  summary: 'prove that a security-domain file opens with the keys at hand',
  operands: 'FILE',
  details: `
Opens the file with as many keys as its quorum asks for, checks that what is inside is whole and signed by the HSM, and
says of which HSM it is. Root keys are never printed or written. Beside each KEY.pem lies its certificate, KEY.cer.
The exit code is 0 when it opens, 1 when it does not.`,
  options: {
    key: {
      type: 'string',
      placeholder: 'KEY.pem',
      multiple: true,
      description: "a custodian's private key; once for each",
    },
    'passphrase-file': { type: 'string', placeholder: 'FILE', description: 'its first line decrypts the keys' },
    ...jsonOption,
  },
  examples: ['strongroom custodian open fin-prod-mhsm-sd.json --key anna.pem --key boris.pem'],
  async run({ key, json, 'passphrase-file': passphraseFile }, operands, terminal) {
    const [file, spare] = operands;
    if (file === undefined || spare !== undefined) throw new UsageError('name one security-domain file');
    if (key.length === 0) throw new UsageError('name the private keys of a quorum with --key');
    const { runOpen } = await import('../../../features/security-domain/custodian-open.ts');
    const summary = await runOpen({ file, keys: key, passphraseFile }).catch((error: unknown) => {
      if (isRefusal(error)) throw new CommandError(`it does not open: ${error.message}`, { cause: error });
      throw error;
    });
    if (json) terminal.out(`${JSON.stringify(summary, null, 2)}\n`);
    else {
      const rows = [
        ['instance', `${summary.instanceName} (${summary.instanceId})`],
        ['made', summary.createdAt.toISOString()],
        ['downloaded', summary.downloadedAt.toISOString()],
        [
          'quorum',
          `${summary.required} of ${summary.custodians}, opened with shares ${summary.sharesUsed.join(' and ')}`,
        ],
        ['holds', summary.tags.join(', ')],
        ['fingerprint', summary.fingerprint],
        ['log key', summary.verificationKey],
        ['attests as', summary.attestationRoot],
      ] as const;
      terminal.out(
        `The security domain opens.\n${rows.map(([name, value]) => `  ${name.padEnd(12)}${value}\n`).join('')}`,
      );
    }
    return 0;
  },
});

const REFUSALS: ReadonlySet<string> = new Set(['CustodianError', 'SecurityDomainError', 'JweError', 'ShamirError']);

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && (REFUSALS.has(error.name) || isFileError(error));
}
