// Certificates and fingerprints as people compare them: in groups of four, and letter by letter for the telephone.
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { groupFingerprint } from '../../formats/fingerprint.ts';
import { printableLine } from '../../formats/printable.ts';
import { takenForCertificate } from '../../formats/private-pem.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';

export function subjectOf({ subject }: X509Certificate): string {
  return printableLine(subject.replaceAll('\n', ', '));
}

/** x5t#S256. */
export function thumbprintOf({ raw }: Pick<X509Certificate, 'raw'>): string {
  return createHash('sha256').update(raw).digest('base64url');
}

/** SHA-256 of the certificate, hex, in groups of four. */
export function fingerprintOf(certificate: Pick<X509Certificate, 'raw'>): string {
  return groupedHash(thumbprintOf(certificate));
}

/** PEM or DER. @param otherwise what is said of what is no certificate @throws Refusal naming the file */
export function readCertificate(
  name: string,
  content: Uint8Array,
  otherwise = 'is not a certificate',
): X509Certificate {
  return orThrow(
    () => new X509Certificate(content),
    (cause) => new Refusal(`${name} ${takenForCertificate(name, content) ?? otherwise}`, { cause }),
  );
}

export async function readCertificateFile(path: string): Promise<X509Certificate> {
  return readCertificate(path, await readFile(path), 'is not a certificate, or was damaged: use another copy of it');
}

/** Of a base64url SHA-256, as it stands in files. */
export function groupedHash(base64url: string): string {
  return groupFingerprint(hexOf(base64url));
}

export function hexOf(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('hex');
}

/** A fingerprint as a person may write it: any case, with spaces, colons, dashes. @returns 64 hex digits, or undefined */
export function parseFingerprint(text: string): string | undefined {
  const hex = text.replace(/[\s:-]/g, '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

/** By the value of the hex digit. */
const SPOKEN = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
  ...['Alfa', 'Bravo', 'Charlie', 'Delta', 'Echo', 'Foxtrot'],
];

/** One line for each group: what is read aloud. */
export function spelled(fingerprint: string): string[] {
  return fingerprint.split(' ').map((group) => [...group].map((digit) => SPOKEN[Number.parseInt(digit, 16)]).join(' '));
}
