// `strongroom release open`: the enclave's side, for trying a release out.
import { createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { openRelease } from '../../../tools/release/open-release.ts';
import { CommandError, command, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';

export const open = command({
  name: 'release open',
  summary: 'open a released key with the key of the enclave',
  operands: 'FILE',
  details: `
FILE holds what release answered: the token, or the JSON around it. Checks the signature and writes the key that was
released (PKCS#8 DER, a symmetric key raw) to --out, only for you to read; never replaces a file. The root that is printed
is the HSM's attestation root: compare it with the one you know.`,
  options: {
    'key PEM': "the enclave's private key",
    'out FILE': 'where to write the released key',
  },
  examples: ['strongroom release open answer.json --key enclave.pem --out released.der'],
  async run({ key, out }, [file, spare], terminal) {
    if (file === undefined || spare !== undefined) throw new UsageError('name one file with the answer');
    if (key === undefined || out === undefined) throw new UsageError('--key and --out are needed');
    try {
      const opened = openRelease(tokenOf(readInput(file).toString('utf8').trim()), createPrivateKey(readInput(key)));
      writeFileSync(out, opened.material, { mode: 0o600, flag: 'wx' });
      opened.material.fill(0);
      const nonce = opened.nonce === undefined ? '' : `nonce  ${opened.nonce}\n`;
      terminal.out(`key    ${opened.kid} (${opened.kty})\n${nonce}root   ${opened.root}\nfile   ${out}\n`);
      return 0;
    } catch (error) {
      const known = error instanceof Error && (error.name === 'ReleaseError' || 'syscall' in error || 'code' in error);
      if (known) throw new CommandError(`it does not open: ${error.message}`, { cause: error });
      throw error;
    }
  },
});

function tokenOf(text: string): string {
  if (!text.startsWith('{')) return text.replace(/^"(.*)"$/, '$1');
  try {
    const { value } = JSON.parse(text) as { readonly value?: unknown };
    if (typeof value === 'string') return value;
  } catch {
    // Neither: said below.
  }
  throw new CommandError('the file holds no release token');
}
