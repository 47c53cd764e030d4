// The custodian at the machine: their private key and certificate, read from the two files and found to belong together.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readCertificateFile } from './fingerprint.ts';
import { CustodianError, DamagedError } from './refusal.ts';

export interface HolderFiles {
  /** Private key (PEM). */
  readonly key: string;
  /** Certificate (PEM or DER); absent: the one beside the key (`certificateOf`). */
  readonly certificate?: string | undefined;
  /** Asked when the key is encrypted. */
  passphraseOf(keyFile: string): Promise<string>;
}

export interface Holder {
  /** What messages call the key. */
  readonly name: string;
  readonly certificate: X509Certificate;
  /** x5t#S256. */
  readonly thumbprint: string;
  readonly privateKey: KeyObject;
}

/** @throws CustodianError; errors of the file system of the key file */
export async function readHolder({ key, certificate: named, passphraseOf }: HolderFiles): Promise<Holder> {
  const privateKeyPem = await readFile(key, 'utf8');
  const certificateFile = named ?? (await certificateOf(key));
  const certificate = await readCertificateFile(certificateFile);
  const privateKey = await openKey(key, privateKeyPem, passphraseOf);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CustodianError(
      `${key} and ${certificateFile} do not belong together: one of them is of another key pair; name the right ` +
        'certificate with --certificate',
    );
  }
  return { name: key, certificate, thumbprint: thumbprintOf(certificate), privateKey };
}

export function thumbprintOf({ raw }: X509Certificate): string {
  return createHash('sha256').update(raw).digest('base64url');
}

/** PKCS#8, and the form that OpenSSL wrote before it. */
const ENCRYPTED = /^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m;

export function isEncryptedPem(pem: string): boolean {
  return ENCRYPTED.test(pem);
}

/** @throws CustodianError */
async function openKey(
  path: string,
  pem: string,
  passphraseOf: (keyFile: string) => Promise<string>,
): Promise<KeyObject> {
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(pem)) {
    throw new CustodianError(`${path} is not a private key in PEM: is it another file?`);
  }
  if (!/^-----END [A-Z ]*PRIVATE KEY-----/m.test(pem)) {
    throw new DamagedError(`${path} ends early: use another copy of it, or restore it from paper`);
  }
  const passphrase = isEncryptedPem(pem) ? await passphraseOf(path) : undefined;
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (passphrase === undefined) {
      throw new DamagedError(`${path} does not read: it was damaged: use another copy of it`, { cause });
    }
    // A damaged key that is encrypted looks the same.
    throw new CustodianError(
      `${path} does not read: wrong passphrase? If you are sure of it, the file was damaged: use another copy, or restore it from paper`,
      { cause },
    );
  }
  if (key.asymmetricKeyType !== 'rsa') throw new CustodianError(`${path} is not an RSA key`);
  return key;
}

const EXTENSIONS = ['.cer', '.crt', '.pem'] as const;

/**
 * The certificate of a private key that is named alone: it lies beside it, under the same name with another extension. Custodians
 * call the two `anna.pem` and `anna.cer`, as the stock command line wants them, or `anna.key` and `anna.pem` or `anna.crt`.
 * @returns the path of the first that is there and is a certificate @throws CustodianError naming all that were looked for
 */
export async function certificateOf(key: string): Promise<string> {
  const stem = key.replace(/\.[^./\\]*$/, '');
  const names = EXTENSIONS.map((extension) => stem + extension).filter((name) => name !== key);
  let other: string | undefined;
  for (const name of names) {
    const is = await contentOf(name);
    if (is === 'a certificate') return name;
    if (is === 'another file') other ??= name;
  }
  // For its reader to refuse, by its name.
  if (other !== undefined) return other;
  throw new CustodianError(
    `the certificate of ${key} is not beside it: there is no ${names.join(', no ')}; copy it there under one of these names`,
  );
}

async function contentOf(path: string): Promise<'a certificate' | 'another file' | 'nothing'> {
  try {
    new X509Certificate(await readFile(path));
    return 'a certificate';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nothing' : 'another file';
  }
}
