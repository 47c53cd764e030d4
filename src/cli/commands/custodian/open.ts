// `strongroom custodian open`: proves, offline, that a security-domain file opens with a quorum of custodians' keys.

import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { printableJson } from '../../../formats/printable.ts';
import { runOpen } from '../../../tools/custodian/open.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { passphrases } from './passphrase.ts';
import { orRefuse } from './refusals.ts';

export const open = command({
  name: 'custodian open',
  summary: 'prove that a security-domain file opens with the keys at hand',
  operands: 'FILE',
  details: `
Opens the file with as many keys as its quorum asks for, checks that what is inside is whole and signed by the HSM, and
says of which HSM it is. Root keys are never printed or written. Beside each KEY.pem lies its certificate, KEY.cer.
One passphrase file is for all encrypted keys; of several the first is for the first encrypted key, and so on. Without
one, a terminal is asked.
The exit code is 0 when it opens, 1 when it does not.`,
  options: {
    'key KEY.pem...': "a custodian's private key; once for each",
    'passphrase-file FILE...': 'its first line decrypts the keys; or once for each encrypted key, in their order',
    ...jsonOption,
  },
  examples: ['strongroom custodian open fin-prod-mhsm-sd.json --key anna.pem --key boris.pem'],
  async run({ key, json, 'passphrase-file': passphraseFiles }, operands, terminal) {
    const [file, spare] = operands;
    if (file === undefined || spare !== undefined) throw new UsageError('name one security-domain file');
    if (key.length === 0) throw new UsageError('name the private keys of a quorum with --key');
    if (passphraseFiles.length > key.length) throw new UsageError('there are more passphrase files than keys');
    const summary = await orRefuse(
      () => runOpen({ file, keys: key, passphraseOf: passphrases(passphraseFiles, terminal) }),
      'it does not open: ',
    );
    if (json) terminal.out(printableJson(summary));
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
        ['fingerprint', groupFingerprint(summary.fingerprint)],
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
