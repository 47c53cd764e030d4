// The files that a recovery begins with: the security-domain file and the folder of a backup. Read and judged before anything
// is made.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { BackupError } from '../../features/backup/backup-error.ts';
import { decodeManifest, MANIFEST, type Manifest, STATEMENT } from '../../features/backup/manifest.ts';
import { readSent } from '../../features/security-domain/custodian/inputs.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import type { RehearsalBackup } from '../../formats/rehearsal-record.ts';
import { parseSecurityDomain, SecurityDomainError } from '../../formats/security-domain.ts';
import { NoteError } from '../../formats/signed-note.ts';
import { StatementError, verifyStatement } from '../../formats/statement.ts';
import type { Domain } from './gather-shares.ts';
import { fileFailed } from './steps.ts';

export interface BackupAtHand {
  readonly folder: string;
  readonly name: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, base64url. */
  readonly hash: string;
}

/** @throws StepFailed naming the file */
export async function readDomain(path: string): Promise<Domain> {
  try {
    const document = (await readSent(path)).toString('utf8');
    const hash = createHash('sha256').update(document, 'utf8').digest('base64url');
    return { path, document, hash, file: parseSecurityDomain(document) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const hint = error instanceof SecurityDomainError ? `${problem}: it was damaged, or is another file` : problem;
    throw fileFailed(path, hint, 'get the security-domain file again from where it is kept', error);
  }
}

/** Signed by the domain whose key it names; parts are checked when they are restored. @throws StepFailed naming the file */
export function readBackupAtHand(folder: string): BackupAtHand {
  const path = join(folder, MANIFEST);
  try {
    if (!existsSync(path))
      throw new Error('there is no manifest: it is not the folder of a full backup, or not all of it');
    const body = readFileSync(path);
    const manifest = decodeManifest(body);
    const key = Buffer.from(manifest.domainKey, 'base64url');
    verifyStatement(readFileSync(join(folder, STATEMENT), 'utf8'), 'backup-manifest', body, key);
    if (domainFingerprint(key) !== manifest.domain)
      throw new StatementError('the manifest names another domain than its key');
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const hash = createHash('sha256').update(body).digest('base64url');
    return { folder: resolve(folder), name: basename(resolve(folder)), bytes, manifest, hash };
  } catch (error) {
    const isKnown = [BackupError, StatementError, NoteError].some((kind) => error instanceof kind);
    const problem = error instanceof Error ? error.message : String(error);
    throw fileFailed(isKnown ? path : folder, problem, 'use another backup', error);
  }
}

export function describeBackup({ name, hash, manifest }: BackupAtHand): RehearsalBackup {
  const { keys, versions } = manifest.counts;
  return { folder: name, manifest: hash, keys, versions };
}
