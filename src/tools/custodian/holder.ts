// The custodian at the machine: their private key and certificate, read from the two files and found to belong together.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { readCertificateFile, thumbprintOf } from './fingerprint.ts';

/** Of what a custodian keeps, or was given to keep: it is damaged beyond doubt, and no other word or file of theirs opens it. */
export class DamagedError extends Refusal {}

export type Holder = Awaited<ReturnType<typeof readHolder>>;

/**
 * @param key private key (PEM), `name` of the holder in messages
 * @param certificate PEM or DER; absent: the one beside the key (`certificateOf`)
 * @param passphraseOf asked when the key is encrypted
 * @throws Refusal; errors of the file system of the key file
 */
export async function readHolder({
  key: name,
  certificate: named,
  passphraseOf,
}: {
  readonly key: string;
  readonly certificate?: string | undefined;
  passphraseOf(keyFile: string): Promise<string>;
}) {
  const pem = await readFile(name, 'utf8');
  const certificateFile = named ?? (await certificateOf(name));
  const certificate = await readCertificateFile(certificateFile);
  const privateKey = await openKey(name, pem, passphraseOf);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Refusal(
      `${name} and ${certificateFile} do not belong together: one of them is of another key pair; name the right ` +
        'certificate with --certificate',
    );
  }
  return { name, certificate, thumbprint: thumbprintOf(certificate), privateKey };
}

/** PKCS#8, and the form that OpenSSL wrote before it. */
const ENCRYPTED = /^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m;

export function isEncryptedPem(pem: string): boolean {
  return ENCRYPTED.test(pem);
}

async function openKey(
  path: string,
  pem: string,
  passphraseOf: (keyFile: string) => Promise<string>,
): Promise<KeyObject> {
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(pem)) {
    throw new Refusal(`${path} is not a private key in PEM: is it another file?`);
  }
  if (!/^-----END [A-Z ]*PRIVATE KEY-----/m.test(pem)) {
    throw new DamagedError(`${path} ends early: use another copy of it, or restore it from paper`);
  }
  const passphrase = isEncryptedPem(pem) ? await passphraseOf(path) : undefined;
  const key = orThrow(
    () => createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) }),
    (cause) =>
      passphrase === undefined
        ? new DamagedError(`${path} does not read: it was damaged: use another copy of it`, { cause })
        : // A damaged key that is encrypted looks the same.
          new Refusal(
            `${path} does not read: wrong passphrase? If you are sure of it, the file was damaged: use another copy, or restore it from paper`,
            { cause },
          ),
  );
  if (key.asymmetricKeyType !== 'rsa') throw new Refusal(`${path} is not an RSA key`);
  return key;
}

const EXTENSIONS = ['.cer', '.crt', '.pem'] as const;

/**
 * The certificate of a private key that is named alone: it lies beside it, under the same name with another extension. Custodians
 * call the two `anna.pem` and `anna.cer`, as the stock command line wants them, or `anna.key` and `anna.pem` or `anna.crt`.
 * @returns the path of the first that is there and is a certificate @throws Refusal naming all that were looked for
 */
export async function certificateOf(key: string): Promise<string> {
  const stem = key.replace(/\.[^./\\]*$/, '');
  const names = EXTENSIONS.map((extension) => stem + extension).filter((name) => name !== key);
  let other: string | undefined;
  for (const name of names) {
    try {
      new X509Certificate(await readFile(name));
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') other ??= name;
    }
  }
  // For its reader to refuse, by its name.
  if (other !== undefined) return other;
  throw new Refusal(
    `the certificate of ${key} is not beside it: there is no ${names.join(', no ')}; copy it there under one of these names`,
  );
}
