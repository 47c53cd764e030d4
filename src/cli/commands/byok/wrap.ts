// `strongroom byok wrap`: puts a key into a transfer file that only one HSM opens. Works where the key is, without network.

import { wrapFiles } from '../../../tools/byok/wrap-files.ts';
import { command, UsageError } from '../../command.ts';
import { openWhile } from './open-while.ts';
import { readPin } from './read-pin.ts';
import { refuse } from './refusal.ts';

export const wrap = command({
  name: 'byok wrap',
  summary: 'wrap a key for import, from a file or a PKCS#11 token',
  operands: '',
  details: `
Writes a .byok file that only the HSM with the key-exchange key opens, for 'az keyvault key import --byok-file'. The target is
one of --key, --raw, or a key on a token (--pkcs11-module, --token-label, --key-label), which must be extractable
and never leaves the token in the clear. The PIN is read from --pin-file or typed.

The file opens as long as the key-exchange key is there: after the import, delete and purge that key and destroy the file.
What comes through it is never exportable, unless the key-exchange key was made so ('az keyvault key create --ops import
--exportable true --policy FILE'), and then under the same release policy only.`,
  options: {
    'kek FILE': 'public key-exchange key: PEM, JWK or key bundle',
    'kid ID': 'its identifier, https://{hsm}/keys/{name}/{version}',
    'key FILE': 'private RSA or EC key in PEM, not encrypted',
    'raw FILE': 'symmetric key: 16, 24 or 32 raw bytes',
    'pkcs11-module FILE': "the token's PKCS#11 library",
    'token-label LABEL': 'which token',
    'key-label LABEL': 'which key on it',
    'pin-file FILE': 'its first line is the PIN',
    'out FILE': 'the transfer file; not overwritten',
  },
  examples: [
    'strongroom byok wrap --kek kek.pem --kid https://hsm1.managedhsm.azure.net/keys/kek/3f… --key tls.pem --out tls.byok',
    'strongroom byok wrap --kek kek.json --pkcs11-module libsofthsm2.so --token-label old --key-label tls --out tls.byok',
  ],
  async run(values, _operands, terminal) {
    const { kek, kid, key, raw, out, 'pkcs11-module': library, 'pin-file': pinFile } = values;
    const { 'token-label': tokenLabel, 'key-label': keyLabel } = values;
    if (kek === undefined) throw new UsageError('name the key-exchange key with --kek');
    if (out === undefined) throw new UsageError('name the file to write with --out');
    if ([key, raw, library].filter((each) => each !== undefined).length !== 1) {
      throw new UsageError('name one key to wrap: --key, --raw or --pkcs11-module');
    }
    const onToken = tokenLabel !== undefined || keyLabel !== undefined || pinFile !== undefined;
    if (library === undefined && onToken) throw new UsageError('token options need --pkcs11-module');
    if (library !== undefined && (tokenLabel === undefined || keyLabel === undefined)) {
      throw new UsageError('name the token and the key on it with --token-label and --key-label');
    }
    const pin =
      library === undefined
        ? Buffer.alloc(0)
        : await readPin(pinFile, terminal).catch((error: unknown) => refuse(error));
    try {
      const source =
        library !== undefined
          ? ({ kind: 'token', library, tokenLabel: tokenLabel ?? '', keyLabel: keyLabel ?? '', pin } as const)
          : key !== undefined
            ? ({ kind: 'pem', file: key } as const)
            : ({ kind: 'raw', file: raw ?? '' } as const);
      const generator =
        library === undefined ? 'strongroom byok wrap; key file' : 'strongroom byok wrap; PKCS#11 token';
      const wrapped = await wrapFiles({ kekFile: kek, kid, source, out, generator }).catch((error: unknown) =>
        refuse(error),
      );
      terminal.err(`${out}: wrapped for ${wrapped.kid}\n${openWhile('it')}\n`);
      return 0;
    } finally {
      pin.fill(0);
    }
  },
});
