// `strongroom custodian keygen`: a custodian's key pair, made offline on the custodian's own machine.
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';

export const keygen = command({
  name: 'custodian keygen',
  summary: 'make a key pair for one custodian of a security domain',
  operands: '',
  details: `
Writes NAME.pem (private key, PKCS#8, only for you to read) and NAME.cer (certificate, to hand to whoever activates the
HSM). Never replaces a file. Each custodian does this on a machine of their own; it needs no service and no network.`,
  options: {
    name: { type: 'string', placeholder: 'NAME', description: 'holder of the key; also the name of the files' },
    out: { type: 'string', placeholder: 'DIR', default: '.', description: 'folder for the two files' },
    bits: { type: 'string', placeholder: 'N', default: '4096', description: 'RSA key size: 2048, 3072 or 4096' },
    days: { type: 'string', placeholder: 'N', default: '3650', description: 'validity of the certificate' },
    'passphrase-file': { type: 'string', placeholder: 'FILE', description: 'its first line encrypts the private key' },
    ...jsonOption,
  },
  examples: [
    'strongroom custodian keygen --name anna --passphrase-file /run/user/1000/anna.txt',
    'strongroom custodian keygen --name anna --out /media/anna --bits 3072',
  ],
  async run({ name, out, bits, days, json, 'passphrase-file': passphraseFile }, _operands, terminal) {
    if (name === undefined) throw new UsageError('--name is missing');
    const size = Number(bits);
    if (size !== 2048 && size !== 3072 && size !== 4096) throw new UsageError('--bits must be 2048, 3072 or 4096');
    if (!/^[0-9]{1,5}$/.test(days)) throw new UsageError('--days must be a whole number');
    const { runKeygen } = await import('../../../features/security-domain/custodian/keygen.ts');
    const { CustodianError } = await import('../../../features/security-domain/custodian/refusal.ts');
    const made = await runKeygen({ out, name, days: Number(days), bits: size, passphraseFile }).catch(
      (error: unknown) => {
        if (error instanceof CustodianError || isFileError(error))
          throw new CommandError(error.message, { cause: error });
        throw error;
      },
    );
    if (json) terminal.out(`${JSON.stringify(made, null, 2)}\n`);
    else {
      terminal.out(`private key  ${made.keyFile}\ncertificate  ${made.certificateFile}\n`);
      terminal.out(`subject      ${made.subject}, valid until ${made.notAfter.toISOString().slice(0, 10)}\n`);
    }
    return 0;
  },
});

/** Errors of the file system carry a code and a text that a person can act on. */
export function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
