// The files that a recovery begins with: the security-domain file and a backup, wherever it lies. Read and judged before anything
// is made.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { BackupError } from '../../features/backup/backup-error.ts';
import type { Manifest } from '../../features/backup/manifest.ts';
import { openBackup } from '../../features/backup/read-backup.ts';
import { readManifest } from '../../features/backup/read-manifest.ts';
import { readSent } from '../../features/security-domain/custodian/inputs.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import type { RehearsalBackup } from '../../formats/rehearsal-record.ts';
import { parseSecurityDomain, SecurityDomainError } from '../../formats/security-domain.ts';
import { openPlace, type Place } from '../commands/backup/place.ts';
import type { Domain } from './gather-shares.ts';
import { fileFailed } from './steps.ts';

export interface BackupAtHand {
  readonly place: Place;
  /** Of its folder. */
  readonly name: string;
  /** Path or URI of its folder, for messages. */
  readonly address: string;
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

/**
 * Signed by the domain whose key it names; parts are checked when they are restored.
 * @throws StepFailed naming the backup
 */
export async function readBackupAtHand(place: Place, name: string): Promise<BackupAtHand> {
  const address = addressOf(place, name);
  try {
    await using shelf = await openPlace(place);
    const { body, manifest } = await readManifest(shelf, name);
    const key = Buffer.from(manifest.domainKey, 'base64url');
    const opened = await openBackup(shelf, name, key);
    if (!isDeepStrictEqual(opened.manifest, manifest))
      throw new BackupError('Damaged', 'the manifest was exchanged while it was read');
    if (domainFingerprint(key) !== manifest.domain)
      throw new BackupError('Damaged', 'the manifest names another domain than its key');
    let bytes = 0;
    for await (const file of shelf.list(name)) bytes += file.bytes;
    return { place, name, address, bytes, manifest, hash: createHash('sha256').update(body).digest('base64url') };
  } catch (error) {
    throw fileFailed(address, error instanceof Error ? error.message : String(error), 'use another backup', error);
  }
}

/** As people find it. */
function addressOf({ target: { uri } }: Place, name: string): string {
  return uri.startsWith('file:') ? join(fileURLToPath(uri), name) : `${uri}/${name}`;
}

export function describeBackup({ name, hash, manifest }: BackupAtHand): RehearsalBackup {
  const { keys, versions } = manifest.counts;
  return { folder: name, manifest: hash, keys, versions };
}
