// `strongroom custodian paper restore`: types a key back in from its paper copy.
import { printableJson } from '../../../../formats/printable.ts';
import { readSentText } from '../../../../tools/custodian/inputs.ts';
import { restoreKey } from '../../../../tools/custodian/paper/restore.ts';
import { fromLines } from '../../../../tools/custodian/paper/typed-lines.ts';
import { command, jsonOption, UsageError } from '../../../command.ts';
import { canType, readHidden } from '../../../read-hidden.ts';
import { oneOperand } from '../holder-options.ts';
import { newPassphrase } from '../passphrase.ts';
import { orRefuse } from '../refusals.ts';

export const restore = command({
  name: 'custodian paper restore',
  summary: 'make the two files of a key again from its paper copy',
  operands: 'FILE',
  details: `
FILE is the text that was typed or scanned from the paper: the numbered lines, and the one that begins with "sum". Other text
around them does no harm. Each line with a typing error is named, often with the character that is wrong. The passphrase is
the one of the key. Never replaces a file.`,
  options: {
    'name NAME': 'name of the two files, NAME.pem and NAME.cer',
    'out DIR (.)': 'folder for the two files',
    'passphrase-file FILE': 'its first line is the passphrase (default: asked at the terminal)',
    ...jsonOption,
  },
  examples: ['strongroom custodian paper restore typed.txt --name anna'],
  async run({ name, out, json, 'passphrase-file': file }, operands, terminal) {
    const path = oneOperand(operands, 'the file that was typed');
    if (name === undefined || !/^[A-Za-z0-9][A-Za-z0-9 _@-]{0,63}$/.test(name)) {
      throw new UsageError('--name: letters, digits, space, _, @ and -, at most 64, without a dot');
    }
    const restored = await orRefuse(async () => {
      // Typing errors first: they do not need the passphrase.
      const sheet = fromLines(await readSentText(path));
      const passphrase =
        file === undefined && canType()
          ? (await readHidden('passphrase of the key', terminal)).toString('utf8')
          : await newPassphrase(file, terminal);
      return restoreKey(sheet, passphrase, out, name);
    });
    if (json) terminal.out(printableJson(restored));
    else {
      terminal.out(`private key  ${restored.keyFile}\ncertificate  ${restored.certificateFile}\n`);
      terminal.out(`fingerprint  ${restored.fingerprint}\n`);
    }
    return 0;
  },
});
