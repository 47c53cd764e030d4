// What comes before the job of a full restore where duties are separated: a look at the backup, to know which one it is, and
// a second administrator who has agreed to it. Without one, what was asked for waits and the request is refused.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { ServiceError } from '../../http/service-error.ts';
import { type Commit, commitPlanned } from '../../store/sealed/records.ts';
import { type Asker, refusalOf } from '../second-person.ts';
import { type FullRestore, fullRestoreOf } from './approved-restore.ts';
import { BackupError } from './backup-error.ts';
import type { JobError } from './jobs/job.ts';
import { jobErrorOf } from './jobs/job-error.ts';
import { openBackup } from './read-backup.ts';
import type { BackupService } from './service.ts';
import { type BackupStorage, StorageError } from './storage/port.ts';

/** A client waits for the look; the job itself is more patient with a slow place. */
const LOOK_MS = 60_000;

export interface Approving extends Pick<BackupService, 'duties' | 'stopping'> {
  readonly crypto: Pick<CryptoClient, 'hello'>;
  /** How long the look may take. */
  readonly lookMs?: number;
}

/** `agreed`: the job may begin. `unreadable`: it ends as it begins, as one that cannot read its backup does. */
export type ApprovedRestore =
  | { readonly state: 'agreed'; readonly note: string }
  | { readonly state: 'unreadable'; readonly error: JobError };

/**
 * @param open opens the place until the signal ends it
 * @throws ServiceError Forbidden ApprovalRequired once that is asked for durably; what `open` and the store throw
 */
export async function requireAgreement(
  folder: string,
  { commit, ...asker }: Asker & { readonly commit: Commit },
  open: (signal: AbortSignal) => Promise<BackupStorage>,
  agreeing: Approving,
): Promise<ApprovedRestore> {
  const { duties } = agreeing;
  const seen = await lookAtBackup(folder, open, agreeing);
  if ('state' in seen) return seen;
  const { second, head } = await commitPlanned(commit, () => {
    const second = duties.judge(seen, asker);
    // An approval is used up by the restore itself: one that fails can be tried again.
    return { second, changes: second.state === 'asked' ? second.changes : [] };
  });
  if (second.state === 'asked') throw refusalOf(second, head);
  return { state: 'agreed', note: second.note };
}

/** Which backup it is, without its parts. @throws ServiceError when the service stops; what nobody can explain */
export async function lookAtBackup(
  folder: string,
  open: (signal: AbortSignal) => Promise<BackupStorage>,
  { crypto, stopping, lookMs = LOOK_MS }: Pick<Approving, 'crypto' | 'stopping' | 'lookMs'>,
): Promise<FullRestore | (ApprovedRestore & { readonly state: 'unreadable' })> {
  const tooLong = AbortSignal.timeout(lookMs);
  try {
    await using storage = await open(AbortSignal.any([stopping, tooLong]));
    return fullRestoreOf(storage, folder, await openBackup(storage, folder, crypto.hello.domainKey));
  } catch (error) {
    if (stopping.aborted) {
      throw new ServiceError('ServiceUnavailable', 'The service is stopping; try again', { cause: error });
    }
    const explained = tooLong.aborted
      ? new StorageError('Unavailable', `the place did not show the backup within ${lookMs / 1000} seconds`)
      : error;
    if (!(explained instanceof StorageError || explained instanceof BackupError)) throw error;
    return { state: 'unreadable', error: jobErrorOf(explained, () => undefined) };
  }
}
