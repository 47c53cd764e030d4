// The files that a recovery begins with: the security-domain file and a backup, wherever it lies. Read and judged before anything
// is made.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { BackupError } from '../../features/backup/backup-error.ts';
import type { Manifest } from '../../features/backup/manifest.ts';
import { openBackup } from '../../features/backup/read-backup.ts';
import { StorageError } from '../../features/backup/storage/port.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import type { RehearsalBackup } from '../../formats/rehearsal-record.ts';
import { parseSecurityDomain, SecurityDomainError } from '../../formats/security-domain.ts';
import { readManifest } from '../../tools/backup/read-manifest.ts';
import { readSent } from '../../tools/custodian/inputs.ts';
import { openPlace, type Place } from '../commands/backup/place.ts';
import { orRefuse } from '../commands/custodian/refusals.ts';
import type { Domain } from './gather-shares.ts';
import { fileFailed, messageOf, NotRehearsed } from './steps.ts';

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

/** @throws StepFailed naming the file that is damaged; CommandError for one that cannot be read */
export async function readDomain(path: string): Promise<Domain> {
  const document = (await orRefuse(() => readSent(path))).toString('utf8');
  try {
    const hash = createHash('sha256').update(document, 'utf8').digest('base64url');
    return { path, document, hash, file: parseSecurityDomain(document) };
  } catch (error) {
    if (!(error instanceof SecurityDomainError)) throw error;
    const problem = `${error.message}: it was damaged, or is another file`;
    throw fileFailed(path, problem, 'get the security-domain file again from where it is kept', error);
  }
}

/**
 * Signed by the domain whose key it names; parts are checked when they are restored.
 * @throws StepFailed naming the backup that is damaged; NotRehearsed for a place that cannot be read
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
    if (isOfTheBackup(error)) throw fileFailed(address, error.message, 'use another backup', error);
    throw new NotRehearsed(`${address}: ${messageOf(error)}`, 'see that it can be read from here', { cause: error });
  }
}

/** A place that does not answer, or does not let one in, says nothing of what lies there. */
function isOfTheBackup(error: unknown): error is Error {
  const isStored = error instanceof StorageError && (error.code === 'Damaged' || error.code === 'Incomplete');
  return isStored || error instanceof BackupError;
}

/** As people find it. */
function addressOf({ target: { uri } }: Place, name: string): string {
  return uri.startsWith('file:') ? join(fileURLToPath(uri), name) : `${uri}/${name}`;
}

export function describeBackup({ name, hash, manifest }: BackupAtHand): RehearsalBackup {
  const { keys, versions } = manifest.counts;
  return { folder: name, manifest: hash, keys, versions };
}
