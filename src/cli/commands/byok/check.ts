// `strongroom byok check`: says which field of a transfer file is wrong, before an HSM does.

import { readFile } from 'node:fs/promises';
import { printableJson } from '../../../formats/printable.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { refuse } from './refusal.ts';

export const check = command({
  name: 'byok check',
  summary: 'say what is in a transfer file, or which field of it is wrong',
  operands: 'FILE',
  details: `
Looks at every field and, with --kek, at the lengths that follow from the key-exchange key. Whether the key unwraps, only
the HSM can tell. The exit code is 0 when nothing is wrong, 1 otherwise.`,
  options: {
    kek: { type: 'string', placeholder: 'FILE', description: 'public key-exchange key: PEM, JWK or key bundle' },
    ...jsonOption,
  },
  examples: ['strongroom byok check tls.byok', 'strongroom byok check tls.byok --kek kek.pem'],
  async run({ kek, json }, operands, terminal) {
    const [file, spare] = operands;
    if (file === undefined || spare !== undefined) throw new UsageError('name one transfer file');
    const { checkTransferFile } = await import('../../../features/byok/check-transfer-file.ts');
    const { readKekFile } = await import('../../../features/byok/read-kek-file.ts');
    const { kid, ciphertext, generator } = await (async () => {
      const key = kek === undefined ? undefined : readKekFile(await readFile(kek, 'utf8')).publicKey;
      return checkTransferFile(await readFile(file), key);
    })().catch(refuse);
    if (json) terminal.out(printableJson({ kid, ciphertextBytes: ciphertext.length, generator }));
    else terminal.out(`kid         ${kid}\nciphertext  ${ciphertext.length} bytes\ngenerator   ${generator}\n`);
    return 0;
  },
});
