// A full restore replaces everything, so the service asks for a way back first: a full backup of this very HSM that ended
// half an hour before. An HSM without keys has nothing to lose. A setting says whether it is asked for.
import { isoTime } from '../../formats/iso-time.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { BackupService } from './service.ts';

const LEAST_AGE = 30 * 60;

/** @throws ServiceError Conflict */
export function requireEarlierBackup({
  keys,
  jobs,
  now,
  needsEarlierBackup,
  forward,
}: Pick<BackupService, 'keys' | 'jobs' | 'now' | 'needsEarlierBackup' | 'forward'>): void {
  if (!needsEarlierBackup()) return;
  if (keys.size + keys.deletedSize === 0) return;
  const ended = jobs.earliestBackup;
  const left = ended === undefined ? LEAST_AGE : ended + LEAST_AGE - now();
  if (left <= 0) return;
  const state =
    ended === undefined
      ? 'there is none yet: start one, and restore 30 minutes after it has ended'
      : `the first of them ended ${isoTime(ended)}: restore after ${isoTime(ended + LEAST_AGE)}`;
  const moved = forward === undefined ? '' : `. In development you need not wait: '${forward(Math.ceil(left / 60))}'`;
  throw new ServiceError(
    'Conflict',
    `A full restore replaces everything, so a full backup of this HSM must have ended at least 30 minutes before it; ${state}${moved}`,
    { innerCode: 'BackupRequired' },
  );
}
