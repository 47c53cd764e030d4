// Certificates that an application may sign in with beside those of the directory: `application-certificates.json` in the
// control process's folder, written by the command line and read for every sign-in with one, so that what is removed signs
// nobody in any more.
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { replaceFile } from '../../files/replace-file.ts';
import { guid, list, matching, oneOf, record } from '../../formats/shape.ts';
import { readListFile } from './read-list-file.ts';

export interface AddedCertificate {
  /** Application (client) id. */
  readonly application: string;
  readonly pem: string;
}

const FILE = 'application-certificates.json';
const FORMAT = 'strongroom application certificates 1';
const MAX_BYTES = 4 * 1024 * 1024;
const pem = matching(
  /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]{1,20000}-----END CERTIFICATE-----\n$/,
  'one certificate in PEM',
);
const shape = record({ format: oneOf(FORMAT), certificates: list(record({ application: guid, pem }), 1000) });

/** @throws when the file is there and is not one of ours */
export function readAddedCertificates(folder: string): Promise<readonly AddedCertificate[]> {
  return readListFile(
    join(folder, FILE),
    MAX_BYTES,
    (value) => shape(value, FILE).certificates,
    'correct it, or remove it and add the certificates again',
  );
}

export async function writeAddedCertificates(folder: string, certificates: readonly AddedCertificate[]): Promise<void> {
  const file = { format: FORMAT, certificates };
  shape(file, FILE);
  await replaceFile(join(folder, FILE), `${JSON.stringify(file, undefined, 2)}\n`);
}

/** SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` has it, without colons. */
export function fingerprintOf(certificate: string): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex').toUpperCase();
}
