// The development certificate authority of one data directory: made on first use, kept in DATA/ca, constrained to the
// names of the dev profile. Not for production, where certificates come from the operator's own authority.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import type { Issued } from './issue.ts';

/** An authority this close to its end is replaced at start, and its certificates with it. */
const RENEW_BEFORE_MS = 60 * 86_400_000;

export async function openAuthority(folder: string, now: Date): Promise<Issued> {
  const keyPath = join(folder, 'ca-key.pem');
  const certificatePath = join(folder, 'ca.pem');
  const kept = readKept(keyPath, certificatePath);
  if (kept !== undefined) {
    const { validToDate } = new X509Certificate(kept.certificate);
    if (validToDate.getTime() - now.getTime() > RENEW_BEFORE_MS) return kept;
  }
  makePrivateFolder(folder);
  const { issueAuthority } = await import('./issue.ts');
  const made = await issueAuthority(now);
  // Without its certificate a key is made anew, so a crash between the two writes leaves no mismatched pair.
  await rm(certificatePath, { force: true });
  await replaceFile(keyPath, made.key);
  await replaceFile(certificatePath, made.certificate);
  return made;
}

function readKept(keyPath: string, certificatePath: string): Issued | undefined {
  try {
    return { key: readFileSync(keyPath, 'utf8'), certificate: readFileSync(certificatePath, 'utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
