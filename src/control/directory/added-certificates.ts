// Certificates that an application may sign in with beside those of the directory, written by the command line and read for
// every sign-in with one, so that what is removed signs nobody in any more.
import { createHash, X509Certificate } from 'node:crypto';
import { guid, matching, record } from '../../formats/shape.ts';
import { listFile } from './list-file.ts';

const certificate = record({
  /** Application (client) id. */
  application: guid,
  pem: matching(
    /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]{1,20000}-----END CERTIFICATE-----\n$/,
    'one certificate in PEM',
  ),
});
export type AddedCertificate = ReturnType<typeof certificate>;

export const { read: readAddedCertificates, write: writeAddedCertificates } = listFile({
  file: 'application-certificates.json',
  format: 'strongroom application certificates 1',
  member: 'certificates',
  item: certificate,
  cure: 'correct it, or remove it and add the certificates again',
});

/** SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` has it, without colons. */
export function fingerprintOf(certificate: string): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex').toUpperCase();
}
