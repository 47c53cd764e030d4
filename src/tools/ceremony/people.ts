// Custodians as a ceremony knows them: by certificates that were handed in, or as the domain file names them.

import { createHash, X509Certificate } from 'node:crypto';
import { groupFingerprint } from '../../formats/domain-identity.ts';
import { oneLine } from '../../formats/printable.ts';
import { takenForCertificate } from '../../formats/private-pem.ts';
import type { Ceremony } from './ceremony.ts';
import { CeremonyError } from './ceremony-error.ts';

export interface Person {
  /** x5t#S256. */
  readonly custodian: string;
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
  readonly name: string;
  /** Their certificate's file in the ceremony's folder, where it was handed in. */
  readonly file?: string;
}

export const CERTIFICATES = 'certificates';

/** In the order in which their certificates came. */
export function peopleOf(ceremony: Ceremony): readonly Person[] {
  return ceremony.of(CERTIFICATES, 'file').map(({ file, facts }) => ({
    custodian: facts?.['custodian'] ?? '',
    fingerprint: facts?.['fingerprint'] ?? '',
    name: facts?.['name'] ?? '',
    file: file?.name ?? '',
  }));
}

/** PEM or DER. @throws CeremonyError */
export function readCertificate(name: string, content: Uint8Array): { x509: X509Certificate; person: Person } {
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(content);
  } catch (cause) {
    throw new CeremonyError(`${name} ${takenForCertificate(name, content) ?? 'is not a certificate'}`, { cause });
  }
  const bits = x509.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (x509.publicKey.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 8192) {
    throw new CeremonyError(`${name}: the certificate must have an RSA key of 2048 to 8192 bits`);
  }
  const digest = createHash('sha256').update(x509.raw).digest();
  const person = {
    custodian: digest.toString('base64url'),
    fingerprint: digest.toString('hex'),
    name: oneLine(/^CN=(.+)$/m.exec(x509.subject ?? '')?.[1] ?? x509.subject ?? ''),
  };
  return { x509, person };
}

export function personLine({ name, fingerprint }: Person): string {
  return `${name}, ${groupFingerprint(fingerprint)}`;
}

/** As a person may write it: any case, with blanks, colons, dashes. */
export function normalFingerprint(text: string): string {
  return text.replaceAll(/[\s:-]/g, '').toLowerCase();
}
