// `strongroom byok check`: says which field of a transfer file is wrong, before an HSM does.
import { printableJson } from '../../../formats/printable.ts';
import { checkTransferFile } from '../../../tools/byok/check-transfer-file.ts';
import { readKekFile } from '../../../tools/byok/read-kek-file.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';
import { openWhile } from './open-while.ts';
import { refuse } from './refusal.ts';

export const check = command({
  name: 'byok check',
  summary: 'say what is in a transfer file, or which field of it is wrong',
  operands: 'FILE',
  details: `
Looks at every field and, with --kek, at the lengths that follow from the key-exchange key. Whether the key unwraps, only
the HSM can tell. The exit code is 0 when nothing is wrong, 1 otherwise.`,
  options: {
    'kek FILE': 'public key-exchange key: PEM, JWK or key bundle',
    ...jsonOption,
  },
  examples: ['strongroom byok check tls.byok', 'strongroom byok check tls.byok --kek kek.pem'],
  async run({ kek, json }, operands, terminal) {
    const [file, spare] = operands;
    if (file === undefined || spare !== undefined) throw new UsageError('name one transfer file');
    const [bytes = Buffer.alloc(0), pem] = readAll(kek === undefined ? [file] : [file, kek]);
    const key =
      kek === undefined || pem === undefined
        ? undefined
        : naming(kek, () => readKekFile(pem.toString('utf8')).publicKey);
    const { kid, ciphertext, generator } = naming(file, () => checkTransferFile(bytes, key));
    if (json) terminal.out(printableJson({ kid, ciphertextBytes: ciphertext.length, generator }));
    else {
      terminal.out(`kid         ${kid}\nciphertext  ${ciphertext.length} bytes\ngenerator   ${generator}\n`);
      terminal.err(`${openWhile(file)}\n`);
    }
    return 0;
  },
});

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

/** @throws CommandError that begins with the file's name */
function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    return refuse(error, `${file}: `);
  }
}
