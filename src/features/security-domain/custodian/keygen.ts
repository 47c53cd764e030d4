// A custodian's key pair: an RSA private key and a self-signed certificate that names its holder. The stock command line
// looks for the certificate at the key's path with the last extension replaced by `.cer`, so the two lie side by side.

// The certificate library expects this polyfill to be there first.
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { writeNewFile } from './new-file.ts';
import { readPassphrase } from './passphrase-file.ts';
import { CustodianError } from './refusal.ts';

export interface KeygenOptions {
  /** Folder for the two files; made if missing. */
  readonly out: string;
  readonly name: string;
  readonly days: number;
  readonly bits?: 2048 | 3072 | 4096 | undefined;
  /** File whose first line encrypts the private key. */
  readonly passphraseFile?: string | undefined;
  readonly now?: Date | undefined;
}

export interface CustodianFiles {
  /** PKCS#8 PEM, 0600. */
  readonly keyFile: string;
  /** PEM, the same path with `.cer`. */
  readonly certificateFile: string;
  readonly subject: string;
  readonly notAfter: Date;
}

/** Never replaces a file. @throws CustodianError */
export async function runKeygen(options: KeygenOptions): Promise<CustodianFiles> {
  const { out, name, days, bits = 4096, passphraseFile, now = new Date() } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9 _@-]{0,63}$/.test(name)) {
    throw new CustodianError('name: letters, digits, space, _, @ and -, at most 64, without a dot');
  }
  if (!Number.isInteger(days) || days < 1 || days > 36_500) throw new CustodianError('days: 1 to 36500');
  if (![2048, 3072, 4096].includes(bits)) throw new CustodianError('bits: 2048, 3072 or 4096');
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
  const notAfter = new Date(now.getTime() + days * 86_400_000);
  const { privateKeyPem, certificatePem } = await makePair(name, bits, now, notAfter, passphrase);
  await mkdir(out, { recursive: true, mode: 0o700 });
  const keyFile = join(out, `${name}.pem`);
  const certificateFile = join(out, `${name}.cer`);
  await writeNewFile(certificateFile, certificatePem, 0o644);
  try {
    await writeNewFile(keyFile, privateKeyPem, 0o600);
  } catch (error) {
    await unlink(certificateFile);
    throw error;
  }
  return { keyFile, certificateFile, subject: `CN=${name}`, notAfter };
}

async function makePair(
  name: string,
  bits: number,
  notBefore: Date,
  notAfter: Date,
  passphrase: string | undefined,
): Promise<{ privateKeyPem: string; certificatePem: string }> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: bits,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const serialNumber = randomBytes(16);
  // A serial number is positive (RFC 5280 §4.1.2.2).
  serialNumber[0] = ((serialNumber[0] as number) & 0x7f) | 0x40;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber.toString('hex'),
      name: [{ CN: [name] }],
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.dataEncipherment, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto as Crypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  const privateKeyPem = key.export({
    format: 'pem',
    type: 'pkcs8',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  });
  return { privateKeyPem: privateKeyPem.toString(), certificatePem: `${certificate.toString('pem')}\n` };
}
