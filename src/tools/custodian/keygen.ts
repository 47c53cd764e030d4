// A custodian's key pair: an RSA private key and a self-signed certificate that names its holder.
import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { encryptPkcs8 } from '../../formats/encrypted-pkcs8.ts';
import { certificatePem, holderCertificate } from '../../formats/x509-writer.ts';
import { type KeyFiles, writeKeyFiles } from './files.ts';
import { CustodianError } from './refusal.ts';

export interface KeygenOptions {
  /** Folder for the two files; made if missing. */
  readonly out: string;
  readonly name: string;
  readonly days: number;
  readonly bits?: 2048 | 3072 | 4096 | undefined;
  /** Encrypts the private key. */
  readonly passphrase?: string | undefined;
  readonly now?: Date | undefined;
}

export interface CustodianFiles extends KeyFiles {
  readonly subject: string;
  readonly notAfter: Date;
}

/** A key that may be printed is as strong as this. */
const MIN_PASSPHRASE = 12;

/** Never replaces a file. @throws CustodianError */
export async function runKeygen(options: KeygenOptions): Promise<CustodianFiles> {
  const { out, name, days, bits = 4096, passphrase, now = new Date() } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9 _@-]{0,63}$/.test(name)) {
    throw new CustodianError('name: letters, digits, space, _, @ and -, at most 64, without a dot');
  }
  if (!Number.isInteger(days) || days < 1 || days > 36_500) throw new CustodianError('days: 1 to 36500');
  if (![2048, 3072, 4096].includes(bits)) throw new CustodianError('bits: 2048, 3072 or 4096');
  if (passphrase !== undefined) checkPassphrase(passphrase);
  const notAfter = new Date(now.getTime() + days * 86_400_000);
  const { privateKeyPem, certificate } = await makePair(name, bits, now, notAfter, passphrase);
  await mkdir(out, { recursive: true, mode: 0o700 });
  const files = await writeKeyFiles(out, name, privateKeyPem, certificate);
  return { ...files, subject: `CN=${name}`, notAfter };
}

/** @throws CustodianError */
export function checkPassphrase(passphrase: string): void {
  if ([...passphrase].length < MIN_PASSPHRASE) {
    throw new CustodianError(
      `passphrase: at least ${MIN_PASSPHRASE} characters; four or more words picked by dice are easy to remember`,
    );
  }
}

async function makePair(
  name: string,
  bits: number,
  notBefore: Date,
  notAfter: Date,
  passphrase: string | undefined,
): Promise<{ privateKeyPem: string; certificate: string }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits });
  const serial = randomBytes(16);
  // A serial number is positive (RFC 5280 §4.1.2.2).
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  const der = holderCertificate(
    {
      serial,
      subject: name,
      notBefore: Math.floor(notBefore.getTime() / 1000),
      notAfter: Math.floor(notAfter.getTime() / 1000),
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    },
    (toSign) => sign('sha256', toSign, privateKey),
  );
  const certificate = certificatePem(der);
  if (passphrase === undefined) {
    return { privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), certificate };
  }
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  try {
    return { privateKeyPem: encryptPkcs8(pkcs8, passphrase), certificate };
  } finally {
    pkcs8.fill(0);
  }
}
