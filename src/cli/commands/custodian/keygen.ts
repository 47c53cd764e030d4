// `strongroom custodian keygen`: a custodian's key pair, made offline on the custodian's own machine.
import { printableJson } from '../../../formats/printable.ts';
import { fingerprintOfFile } from '../../../tools/custodian/fingerprint.ts';
import { runKeygen } from '../../../tools/custodian/keygen.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { newPassphrase } from './passphrase.ts';
import { orRefuse } from './refusals.ts';

export const keygen = command({
  name: 'custodian keygen',
  summary: 'make a key pair for one custodian of a security domain',
  operands: '',
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
  async run({ name, out, bits, days, json, unencrypted, 'passphrase-file': passphraseFile }, _operands, terminal) {
    if (name === undefined) throw new UsageError('--name is missing');
    const size = Number(bits);
    if (size !== 2048 && size !== 3072 && size !== 4096) throw new UsageError('--bits must be 2048, 3072 or 4096');
    if (!/^[0-9]{1,5}$/.test(days)) throw new UsageError('--days must be a whole number');
    if (unencrypted && passphraseFile !== undefined) {
      throw new UsageError('--unencrypted and --passphrase-file exclude each other');
    }
    const { made, fingerprint } = await orRefuse(async () => {
      const passphrase = unencrypted ? undefined : await newPassphrase(passphraseFile, terminal);
      const files = await runKeygen({ out, name, days: Number(days), bits: size, passphrase });
      return { made: files, fingerprint: await fingerprintOfFile(files.certificateFile) };
    });
    if (json) terminal.out(printableJson({ ...made, fingerprint }));
    else {
      terminal.out(`private key  ${made.keyFile}\ncertificate  ${made.certificateFile}\n`);
      terminal.out(`subject      ${made.subject}, valid until ${made.notAfter.toISOString().slice(0, 10)}\n`);
      terminal.out(`fingerprint  ${fingerprint}\n`);
    }
    return 0;
  },
});
