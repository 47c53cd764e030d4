// A full restore replaces everything, so the service asks for a way back first: a full backup of this very HSM that ended
// half an hour before. An HSM without keys has nothing to lose.
import { ServiceError } from '../../wire/service-error.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { BackupJobs } from './jobs/backup-jobs.ts';

const LEAST_AGE = 30 * 60;

/** @throws ServiceError Conflict */
export function requireEarlierBackup({
  keys,
  jobs,
  now,
}: {
  readonly keys: KeyRing;
  readonly jobs: BackupJobs;
  readonly now: () => number;
}): void {
  if (keys.size + keys.deletedSize === 0) return;
  const ended = jobs.earliestBackup;
  if (ended !== undefined && ended <= now() - LEAST_AGE) return;
  const state =
    ended === undefined
      ? 'there is none yet: start one, and restore 30 minutes after it has ended'
      : `the first of them ended ${new Date(ended * 1000).toISOString()}: restore after ${new Date((ended + LEAST_AGE) * 1000).toISOString()}`;
  throw new ServiceError(
    'Conflict',
    `A full restore replaces everything, so a full backup of this HSM must have ended at least 30 minutes before it; ${state}`,
    { innerCode: 'BackupRequired' },
  );
}
