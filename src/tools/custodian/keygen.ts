// A custodian's key pair: an RSA private key and a self-signed certificate that names its holder.
import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Refusal } from '../../formats/refusal.ts';
import { holderCertificate } from '../../formats/x509-writer.ts';
import { writeKeyFiles } from './files.ts';

/** Of the holder, and of the two files. */
export const HOLDER_NAME = /^[A-Za-z0-9][A-Za-z0-9 _@-]{0,63}$/;

interface KeygenOptions {
  /** Folder for the two files; made if missing. */
  readonly out: string;
  readonly name: string;
  readonly days: number;
  readonly bits?: 2048 | 3072 | 4096 | undefined;
  /** Encrypts the private key. */
  readonly passphrase?: string | undefined;
}

/** A key that may be printed is as strong as this. */
const MIN_PASSPHRASE = 12;

/** Never replaces a file. @throws Refusal */
export async function runKeygen({ out, name, days, bits = 4096, passphrase }: KeygenOptions) {
  if (!HOLDER_NAME.test(name)) {
    throw new Refusal('name: letters, digits, space, _, @ and -, at most 64, without a dot');
  }
  if (!Number.isInteger(days) || days < 1 || days > 36_500) throw new Refusal('days: 1 to 36500');
  if (passphrase !== undefined && [...passphrase].length < MIN_PASSPHRASE) {
    throw new Refusal(
      `passphrase: at least ${MIN_PASSPHRASE} characters; four or more words picked by dice are easy to remember`,
    );
  }
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits });
  const now = Date.now();
  const notAfter = new Date(now + days * 86_400_000);
  const serial = randomBytes(16);
  // A serial number is positive (RFC 5280 §4.1.2.2).
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  const certificate = holderCertificate(
    {
      serial,
      subject: name,
      notBefore: Math.floor(now / 1000),
      notAfter: Math.floor(notAfter.getTime() / 1000),
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    },
    (toSign) => sign('sha256', toSign, privateKey),
  );
  await mkdir(out, { recursive: true, mode: 0o700 });
  const files = await writeKeyFiles(out, name, { privateKey, certificate }, passphrase);
  return { ...files, subject: `CN=${name}`, notAfter };
}
