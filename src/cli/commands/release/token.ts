// `strongroom release token`: an attestation token of a development authority for an enclave's key.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { openAuthorityFolder } from '../../../tools/release/authority/authority-folder.ts';
import { issueToken } from '../../../tools/release/authority/issue-token.ts';
import { CommandError, command, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';

export const token = command({
  name: 'release token',
  summary: 'issue an attestation token of a development authority',
  operands: 'DIR',
  details: `
DIR is the folder that 'release authority' made. The token has the shape of those of Microsoft Azure Attestation and says
in a claim of its own that it is for development. Claims are given by dotted path; a value that reads as JSON (true, 5,
"5") is that, anything else is text.`,
  options: {
    'enclave-key PEM': "the enclave's RSA key, public or private: what is released is encrypted to it",
    'kid ID': 'name of that key (default: its thumbprint)',
    'claim PATH=VALUE...': 'a claim; may be repeated',
    'lifetime SECONDS (600)': 'how long the token is valid',
  },
  examples: [
    'strongroom release token ./authority --enclave-key enclave.pem --claim x-ms-isolation-tee.tier=gold > token.jwt',
  ],
  async run({ 'enclave-key': keyFile, kid, claim, lifetime }, [folder, spare], terminal) {
    if (folder === undefined || spare !== undefined) throw new UsageError("name the authority's folder");
    if (keyFile === undefined) throw new UsageError('--enclave-key is missing');
    if (!/^[1-9][0-9]{0,7}$/.test(lifetime)) throw new UsageError('--lifetime must be seconds');
    const enclaveKey = readEnclaveKey(keyFile);
    try {
      const text = issueToken(openAuthorityFolder(folder), {
        enclaveKey,
        ...(kid === undefined ? {} : { kid }),
        claims: Object.fromEntries(claim.map(readClaim)),
        now: Math.floor(Date.now() / 1000),
        lifetime: Number(lifetime),
      });
      terminal.out(`${text}\n`);
      return 0;
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(error.message);
      if (error instanceof Error && 'syscall' in error) {
        throw new CommandError(`${folder} is not the folder of an authority`, { cause: error });
      }
      throw error;
    }
  },
});

function readEnclaveKey(file: string): KeyObject {
  try {
    const key = createPublicKey(readInput(file));
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // Neither a public nor a private key: said below.
  }
  throw new CommandError(`${file} is not an RSA key in PEM`);
}

function readClaim(text: string): [path: string, value: unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--claim must be PATH=VALUE, not '${text}'`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    // Plain text, as most values are.
    return [text.slice(0, at), value];
  }
}
