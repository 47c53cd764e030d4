// `strongroom byok …`: a key is put into a transfer file that only one HSM opens, and such a file is looked at. Works where the key
// is, without network.

import { readFile } from 'node:fs/promises';
import { firstLine } from '../../formats/first-line.ts';
import { checkTransferFile } from '../../tools/byok/check-transfer-file.ts';
import { readKekFile } from '../../tools/byok/read-kek-file.ts';
import { wrapFiles } from '../../tools/byok/wrap-files.ts';
import { type Command, CommandError, command, jsonOption, type Terminal, UsageError } from '../command.ts';
import { type Explanations, explained } from '../explained.ts';
import { canType, readHidden } from '../read-hidden.ts';
import { readInput } from '../read-input.ts';
import { labelled } from '../show.ts';

const kekOption = { 'kek FILE': 'public key-exchange key: PEM, JWK or key bundle' } as const;

export const commands: readonly Command[] = [
  command({
    name: 'byok wrap',
    summary: 'wrap a key for import, from a file or a PKCS#11 token',
    details: `
Writes a .byok file that only the HSM with the key-exchange key opens, for 'az keyvault key import --byok-file'. The target is
one of --key, --raw, or a key on a token (--pkcs11-module, --token-label, --key-label), which must be extractable
and never leaves the token in the clear. The PIN is read from --pin-file or typed.

The file opens as long as the key-exchange key is there: after the import, delete and purge that key and destroy the file.
What comes through it is never exportable, unless the key-exchange key was made so ('az keyvault key create --ops import
--exportable true --policy FILE'), and then under the same release policy only.`,
    options: {
      ...kekOption,
      'kid ID': 'its identifier, https://{hsm}/keys/{name}/{version}',
      'key FILE': 'private RSA or EC key in PEM, not encrypted',
      'raw FILE': 'symmetric key: 16, 24 or 32 raw bytes',
      'pkcs11-module FILE': "the token's PKCS#11 library",
      'token-label LABEL': 'which token',
      'key-label LABEL': 'which key on it',
      'pin-file FILE': 'its first line is the PIN',
      'out FILE': 'the transfer file; not overwritten',
      ...jsonOption,
    },
    needs: { kek: 'name the key-exchange key with --kek', out: 'name the file to write with --out' },
    examples: [
      'strongroom byok wrap --kek kek.pem --kid https://hsm1.managedhsm.azure.net/keys/kek/3f… --key tls.pem --out tls.byok',
      'strongroom byok wrap --kek kek.json --pkcs11-module libsofthsm2.so --token-label old --key-label tls --out tls.byok',
    ],
    explains: refusals(''),
    async run(values, _operands, terminal) {
      const { kek, kid, key, raw, out, 'pkcs11-module': library, 'pin-file': pinFile } = values;
      const { 'token-label': tokenLabel, 'key-label': keyLabel } = values;
      if ([key, raw, library].filter((each) => each !== undefined).length !== 1) {
        throw new UsageError('name one key to wrap: --key, --raw or --pkcs11-module');
      }
      const onToken = tokenLabel !== undefined || keyLabel !== undefined || pinFile !== undefined;
      if (library === undefined && onToken) throw new UsageError('token options need --pkcs11-module');
      if (library !== undefined && (tokenLabel === undefined || keyLabel === undefined)) {
        throw new UsageError('name the token and the key on it with --token-label and --key-label');
      }
      const pin = library === undefined ? Buffer.alloc(0) : await readPin(pinFile, terminal);
      try {
        const source =
          library !== undefined
            ? ({ kind: 'token', library, tokenLabel: tokenLabel ?? '', keyLabel: keyLabel ?? '', pin } as const)
            : key !== undefined
              ? ({ kind: 'pem', file: key } as const)
              : ({ kind: 'raw', file: raw ?? '' } as const);
        const generator = `strongroom byok wrap; ${library === undefined ? 'key file' : 'PKCS#11 token'}`;
        const wrapped = await wrapFiles({ kekFile: kek, kid, source, out, generator });
        return {
          json: { file: out, kid: wrapped.kid },
          text: '',
          note: `${out}: wrapped for ${wrapped.kid}\n${openWhile('it')}\n`,
        };
      } finally {
        pin.fill(0);
      }
    },
  }),
  command({
    name: 'byok check',
    summary: 'say what is in a transfer file, or which field of it is wrong',
    operands: 'FILE',
    wants: 'name one transfer file',
    details: `
Looks at every field and, with --kek, at the lengths that follow from the key-exchange key. Whether the key unwraps, only
the HSM can tell. The exit code is 0 when nothing is wrong, 1 otherwise.`,
    options: { ...kekOption, ...jsonOption },
    examples: ['strongroom byok check tls.byok', 'strongroom byok check tls.byok --kek kek.pem'],
    run({ kek }, [file]) {
      const [bytes = Buffer.alloc(0), pem] = readAll(kek === undefined ? [file] : [file, kek]);
      const key =
        kek === undefined || pem === undefined
          ? undefined
          : explained(() => readKekFile(pem.toString('utf8')).publicKey, refusals(`${kek}: `));
      const { kid, ciphertext, generator } = explained(() => checkTransferFile(bytes, key), refusals(`${file}: `));
      const rows = [
        ['kid', kid],
        ['ciphertext', `${ciphertext.length} bytes`],
        ['generator', generator],
      ] as const;
      return {
        json: { kid, ciphertextBytes: ciphertext.length, generator },
        text: labelled(rows, 12),
        hint: `${openWhile(file)}\n`,
      };
    },
  }),
];

/** Which failures of wrapping and checking are the user's to read. */
function refusals(before: string): Explanations {
  return { Refusal: before, ShapeError: before, system: before };
}

/** What whoever makes or moves a transfer file has to do afterwards. */
function openWhile(file: string): string {
  return `${file} opens as long as that key-exchange key is there: after the import, delete and purge it, and destroy the file`;
}

/** Told of all that cannot be read at once. @throws CommandError */
function readAll(paths: readonly string[]): readonly Buffer[] {
  const failures: string[] = [];
  const read = paths.flatMap((path) => {
    try {
      return [readInput(path)];
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(error.message);
      return [];
    }
  });
  if (failures.length > 0) throw new CommandError(failures.join('; '));
  return read;
}

/** From the first line of a file, or typed unseen. Arguments and environments are read by others. @throws UsageError, CommandError */
async function readPin(file: string | undefined, terminal: Terminal): Promise<Buffer> {
  if (file === undefined && !canType()) throw new UsageError('name the file with the PIN of the token with --pin-file');
  const pin = file === undefined ? await readHidden('PIN of the token', terminal) : firstLine(await readFile(file));
  if (pin.length === 0) throw new CommandError('the PIN is empty');
  return pin;
}
