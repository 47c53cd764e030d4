// Fingerprints as people compare them: in groups of four, and letter by letter for the telephone.

import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { groupFingerprint } from '../../formats/fingerprint.ts';
import { printableLine } from '../../formats/printable.ts';
import { takenForCertificate } from '../../formats/private-pem.ts';
import { CustodianError } from './refusal.ts';

export function subjectOf({ subject }: X509Certificate): string {
  return printableLine(subject.replaceAll('\n', ', '));
}

/** SHA-256 of the certificate, hex, in groups of four. */
export function fingerprintOf({ raw }: Pick<X509Certificate, 'raw'>): string {
  return groupFingerprint(createHash('sha256').update(raw).digest('hex'));
}

/** @throws CustodianError */
export async function readCertificateFile(path: string): Promise<X509Certificate> {
  const content = await readFile(path);
  try {
    return new X509Certificate(content);
  } catch (cause) {
    const why = takenForCertificate(path, content) ?? 'is not a certificate, or was damaged: use another copy of it';
    throw new CustodianError(`${path} ${why}`, { cause });
  }
}

/** Of a base64url SHA-256, as it stands in files. */
export function groupedHash(base64url: string): string {
  return groupFingerprint(Buffer.from(base64url, 'base64url').toString('hex'));
}

/** A fingerprint as a person may write it: any case, with spaces, colons, dashes. @returns 64 hex digits, or undefined */
export function parseFingerprint(text: string): string | undefined {
  const hex = text.replace(/[\s:-]/g, '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

const SPOKEN: Readonly<Record<string, string>> = {
  0: 'zero',
  1: 'one',
  2: 'two',
  3: 'three',
  4: 'four',
  5: 'five',
  6: 'six',
  7: 'seven',
  8: 'eight',
  9: 'nine',
  a: 'Alfa',
  b: 'Bravo',
  c: 'Charlie',
  d: 'Delta',
  e: 'Echo',
  f: 'Foxtrot',
};

/** One line for each group: what is read aloud. */
export function spelled(fingerprint: string): string[] {
  return fingerprint.split(' ').map((group) => [...group].map((digit) => SPOKEN[digit] ?? digit).join(' '));
}
