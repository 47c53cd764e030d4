// `strongroom custodian paper`: a copy of a custodian's key that needs no machine to last.

import { basename } from 'node:path';
import { printableJson } from '../../../formats/printable.ts';
import { fingerprintOf, subjectOf } from '../../../tools/custodian/fingerprint.ts';
import { readHolder } from '../../../tools/custodian/holder.ts';
import { writeNewFile } from '../../../tools/custodian/new-file.ts';
import { htmlPage, textPage } from '../../../tools/custodian/paper/page.ts';
import { sealSheet } from '../../../tools/custodian/paper/sheet.ts';
import { toLines } from '../../../tools/custodian/paper/typed-lines.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { holderOptions } from './holder-options.ts';
import { newPassphrase, passphrases } from './passphrase.ts';
import { orRefuse } from './refusals.ts';

export const paper = command({
  name: 'custodian paper',
  summary: 'make a page to print with your key, encrypted, that can be typed back in',
  operands: '',
  details: `
Writes one page: the private key, encrypted with its passphrase, and the certificate, in about 35 lines of letters and digits
with check letters of their own. Print it on a printer that you trust, delete the file, and keep the paper apart from the
passphrase. A key that is not encrypted gets a passphrase for the paper.`,
  options: {
    ...holderOptions,
    text: 'plain text instead of a page for a browser',
    'out FILE': 'file for the page (default: named after the key)',
    ...jsonOption,
  },
  examples: [
    'strongroom custodian paper --key anna.pem',
    'strongroom custodian paper --key anna.pem --text --out /dev/shm/anna.txt',
  ],
  async run(values, _operands, terminal) {
    const { key, certificate, text, out, json, 'passphrase-file': file } = values;
    if (key === undefined) throw new UsageError('name your private key with --key');
    const path = out ?? `${basename(key).replace(/\.[^.]*$/, '')}-paper.${text ? 'txt' : 'html'}`;
    await orRefuse(async () => {
      let passphrase: string | undefined;
      const ask = passphrases(file === undefined ? [] : [file], terminal);
      const passphraseOf = async (keyFile: string): Promise<string> => {
        passphrase = await ask(keyFile);
        return passphrase;
      };
      const holder = await readHolder({ key, certificate, passphraseOf });
      passphrase ??= await newPassphrase(file, terminal);
      const sheet = sealSheet({ privateKey: holder.privateKey, certificate: holder.certificate.raw }, passphrase);
      const fingerprint = fingerprintOf(holder.certificate);
      const page = { holder: subjectOf(holder.certificate), fingerprint, at: new Date(), lines: toLines(sheet) };
      await writeNewFile(path, text ? textPage(page) : htmlPage(page), 0o600);
    });
    if (json) terminal.out(printableJson({ page: path }));
    else terminal.out(`${path}\n`);
    terminal.err(
      'Print it, compare the fingerprint, delete the file. Restore it once, to see, while nothing depends on it.\n',
    );
    return 0;
  },
});
