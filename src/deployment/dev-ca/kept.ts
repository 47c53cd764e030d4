// The development certificate authority of one data directory, and its server certificates: made on first use, kept while they are
// good, replaced at a start when they are not. Constrained to the names of the dev profile; not for production, where certificates
// come from the operator's own authority.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { type Issued, issueAuthority, issueServer } from './issue.ts';

const DAY_MS = 86_400_000;
/** An authority this close to its end is replaced, and its certificates with it. */
const RENEW_AUTHORITY_BEFORE_MS = 60 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;

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

export async function openAuthority(folder: string, now: Date): Promise<Issued> {
  const at = { key: join(folder, 'ca-key.pem'), certificate: join(folder, 'ca.pem') };
  if (existsSync(at.key) && existsSync(at.certificate)) {
    const kept = read(at);
    if (lasts(kept, RENEW_AUTHORITY_BEFORE_MS, now)) return kept;
  }
  return keep(at, issueAuthority(now));
}

/** Makes sure that a certificate for these names is in place. @returns whether a new one was made */
export async function ensureServerCertificate(
  authority: Issued,
  at: Issued,
  names: readonly string[],
  now: Date,
): Promise<boolean> {
  if (isGood(authority, at, names, now)) return false;
  await keep(at, issueServer(authority, names, now));
  return true;
}

function read(at: Issued): Issued {
  return { key: readFileSync(at.key, 'utf8'), certificate: readFileSync(at.certificate, 'utf8') };
}

function lasts({ certificate }: Issued, ms: number, now: Date): boolean {
  return new X509Certificate(certificate).validToDate.getTime() - now.getTime() > ms;
}

async function keep(at: Issued, made: Issued): Promise<Issued> {
  for (const path of [at.key, at.certificate]) makePrivateFolder(dirname(path));
  // Never a certificate beside another certificate's key: the old one goes first, and a key without one is made anew.
  await rm(at.certificate, { force: true });
  await replaceFile(at.key, made.key);
  await replaceFile(at.certificate, made.certificate);
  return made;
}

function isGood(authority: Issued, at: Issued, names: readonly string[], now: Date): boolean {
  try {
    const kept = read(at);
    const certificate = new X509Certificate(kept.certificate);
    const issuer = new X509Certificate(authority.certificate);
    return (
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(kept.key)) &&
      lasts(kept, RENEW_BEFORE_MS, now) &&
      // A name that has moved to another instance must not stay in a certificate here.
      (certificate.subjectAltName ?? '').split(', ').length === names.length &&
      names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
    );
  } catch {
    return false; // absent or unreadable: make it anew
  }
}
