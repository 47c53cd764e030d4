// A custodian's own key, offline: made, told by its fingerprint, put on paper and typed back in.
import { readSent, readSentText, writeNewFile } from '../../../tools/custodian/files.ts';
import { fingerprintOf, readCertificateFile, spelled, subjectOf } from '../../../tools/custodian/fingerprint.ts';
import { readHolder } from '../../../tools/custodian/holder.ts';
import { HOLDER_NAME, runKeygen } from '../../../tools/custodian/keygen.ts';
import { htmlPage, textPage } from '../../../tools/custodian/paper/page.ts';
import { restoreKey, sealSheet } from '../../../tools/custodian/paper/sheet.ts';
import { fromLines, toLines } from '../../../tools/custodian/paper/typed-lines.ts';
import { readRecipient } from '../../../tools/custodian/recipient.ts';
import { jsonOption, UsageError } from '../../command.ts';
import { canType, readHidden } from '../../read-hidden.ts';
import { labelled } from '../../show.ts';
import { holderNeeds, holderOptions, newPassphrase, passphrases, stemOf } from './holder.ts';
import { custodianCommand } from './refusals.ts';

export const keygen = custodianCommand({
  name: 'custodian keygen',
  summary: 'make a key pair for one custodian of a security domain',
  operands: '',
  needs: { name: '--name is missing' },
  details: `
Writes NAME.pem (private key, PKCS#8, only for you to read) and NAME.cer (certificate, to hand to whoever activates the
HSM), and says the certificate's fingerprint, which you read out at the ceremony. Never replaces a file. Each custodian
does this on a machine of their own; it needs no service and no network.
The private key is encrypted with a passphrase of at least 12 characters: the first line of a file, or typed twice at the
terminal. An unencrypted key has to be asked for.`,
  options: {
    'name NAME': 'holder of the key; also the name of the files',
    'out DIR (.)': 'folder for the two files',
    'bits N (4096)': 'RSA key size: 2048, 3072 or 4096',
    'days N (3650)': 'validity of the certificate',
    'passphrase-file FILE': 'its first line encrypts the private key',
    unencrypted: 'leave the private key unencrypted, for rehearsals',
    ...jsonOption,
  },
  examples: [
    'strongroom custodian keygen --name anna',
    'strongroom custodian keygen --name anna --out /media/anna --passphrase-file /run/user/1000/anna.txt',
  ],
  async run({ name, out, bits: size, days, unencrypted, 'passphrase-file': passphraseFile }, _operands, terminal) {
    const bits = ([2048, 3072, 4096] as const).find((each) => each === Number(size));
    if (bits === undefined) throw new UsageError('--bits must be 2048, 3072 or 4096');
    if (!/^[0-9]{1,5}$/.test(days)) throw new UsageError('--days must be a whole number');
    if (unencrypted && passphraseFile !== undefined) {
      throw new UsageError('--unencrypted and --passphrase-file exclude each other');
    }
    const passphrase = unencrypted ? undefined : await newPassphrase(passphraseFile, terminal);
    const made = await runKeygen({ out, name, days: Number(days), bits, passphrase });
    const json = { ...made, fingerprint: fingerprintOf(await readCertificateFile(made.certificateFile)) };
    const subject = `${made.subject}, valid until ${made.notAfter.toISOString().slice(0, 10)}`;
    return { json, text: keyFilesText(json, subject) };
  },
});

function keyFilesText(made: Awaited<ReturnType<typeof restoreKey>>, subject?: string): string {
  const { keyFile, certificateFile, fingerprint: grouped } = made;
  const rows = { 'private key': keyFile, certificate: certificateFile, subject, fingerprint: grouped };
  return labelled(Object.entries(rows), 13);
}

export const fingerprint = custodianCommand({
  name: 'custodian fingerprint',
  summary: 'say the fingerprint of a certificate, to be compared by voice',
  operands: 'CERTIFICATE',
  wants: 'name one certificate',
  details: `
Prints the SHA-256 of a certificate in groups of four: your own before the ceremony, that of a recovering instance before
you give it your share. Compare it over another way than the one the file came by.`,
  options: { aloud: 'spell it, a group on a line, as it is read over the telephone', ...jsonOption },
  examples: ['strongroom custodian fingerprint anna.cer', 'strongroom custodian fingerprint exchange.cer --aloud'],
  async run({ aloud }, [path]) {
    const { certificate, fingerprint: grouped, thumbprint } = readRecipient(path, await readSent(path));
    const { validTo } = certificate;
    const subject = subjectOf(certificate);
    const json = { fingerprint: grouped, thumbprint, subject, validTo: new Date(validTo).toISOString() };
    if (aloud) return { json, text: `${spelled(grouped).join('\n')}\n` };
    return { json, text: `${grouped}\n`, hint: `${subject}, valid until ${validTo}; as x5t#S256 ${thumbprint}\n` };
  },
});

export const paper = custodianCommand({
  name: 'custodian paper',
  summary: 'make a page to print with your key, encrypted, that can be typed back in',
  operands: '',
  needs: holderNeeds,
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
  async run({ key, certificate: named, text, out, 'passphrase-file': file }, _operands, terminal) {
    const path = out ?? `${stemOf(key)}-paper.${text ? 'txt' : 'html'}`;
    let passphrase: string | undefined;
    const ask = passphrases(file === undefined ? [] : [file], terminal);
    const passphraseOf = async (keyFile: string): Promise<string> => {
      passphrase = await ask(keyFile);
      return passphrase;
    };
    const { certificate, privateKey } = await readHolder({ key, certificate: named, passphraseOf });
    passphrase ??= await newPassphrase(file, terminal);
    const sheet = sealSheet({ privateKey, certificate: certificate.raw }, passphrase);
    const holder = { holder: subjectOf(certificate), fingerprint: fingerprintOf(certificate) };
    const page = { ...holder, at: new Date(), lines: toLines(sheet) };
    await writeNewFile(path, text ? textPage(page) : htmlPage(page), 0o600);
    const note =
      'Print it, compare the fingerprint, delete the file. Restore it once, to see, while nothing depends on it.\n';
    return { json: { page: path }, text: `${path}\n`, note };
  },
});

export const restorePaper = custodianCommand({
  name: 'custodian paper restore',
  summary: 'make the two files of a key again from its paper copy',
  operands: 'FILE',
  wants: 'name the file that was typed',
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
  async run({ name = '', out, 'passphrase-file': file }, [path], terminal) {
    if (!HOLDER_NAME.test(name)) {
      throw new UsageError('--name: letters, digits, space, _, @ and -, at most 64, without a dot');
    }
    // Typing errors first: they do not need the passphrase.
    const sheet = fromLines(await readSentText(path));
    const passphrase =
      file === undefined && canType()
        ? (await readHidden('passphrase of the key', terminal)).toString('utf8')
        : await newPassphrase(file, terminal);
    const restored = await restoreKey(sheet, passphrase, out, name);
    return { json: restored, text: keyFilesText(restored) };
  },
});
