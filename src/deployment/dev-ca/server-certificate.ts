// Server certificates from the development authority: kept while they are good, replaced at start when they are not.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import type { Issued } from './issue.ts';

const RENEW_BEFORE_MS = 30 * 86_400_000;

export interface CertificatePaths {
  readonly key: string;
  readonly certificate: string;
}

/** Everything the control process answers as. */
export const CONTROL_NAMES: readonly string[] = [
  'management.azure.com',
  'login.microsoftonline.com',
  'login.windows.net',
  'sts.windows.net',
  'graph.microsoft.com',
  'graph.windows.net',
  'arm.localhost',
  'login.localhost',
  'graph.localhost',
  'localhost',
  '127.0.0.1',
  '::1',
];

export function instanceNames(name: string, aliases: readonly string[] = []): readonly string[] {
  const labels = [name.toLowerCase(), ...aliases];
  const domains = ['managedhsm.azure.net', 'managedhsm.localhost', 'vault.azure.net', 'vault.localhost'];
  return [...labels.flatMap((label) => domains.map((domain) => `${label}.${domain}`)), '127.0.0.1'];
}

/** Makes sure that a certificate for these names is in place. @returns whether a new one was made */
export async function ensureServerCertificate(
  authority: Issued,
  at: CertificatePaths,
  names: readonly string[],
  now: Date,
): Promise<boolean> {
  if (isGood(authority, at, names, now)) return false;
  const { issueServer } = await import('./issue.ts');
  const made = await issueServer(authority, names, now);
  makePrivateFolder(dirname(at.key));
  makePrivateFolder(dirname(at.certificate));
  // Never a certificate beside another certificate's key: the old one goes first.
  await rm(at.certificate, { force: true });
  await replaceFile(at.key, made.key);
  await replaceFile(at.certificate, made.certificate);
  return true;
}

function isGood(authority: Issued, at: CertificatePaths, names: readonly string[], now: Date): boolean {
  try {
    const key = createPrivateKey(readFileSync(at.key));
    const certificate = new X509Certificate(readFileSync(at.certificate));
    const issuer = new X509Certificate(authority.certificate);
    return (
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      certificate.checkPrivateKey(key) &&
      certificate.validToDate.getTime() - now.getTime() > RENEW_BEFORE_MS &&
      // A name that has moved to another instance must not stay in a certificate here.
      (certificate.subjectAltName ?? '').split(', ').length === names.length &&
      names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
    );
  } catch {
    return false; // absent or unreadable: make it anew
  }
}
