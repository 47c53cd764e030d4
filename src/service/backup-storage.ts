// Where full backups may lie: what the configuration allows, and what the operator has added to it by command. Those are judged
// as those of the configuration are at the start: in production nobody else may change whom a place's authority vouches for.

import { type AllowedBackupTarget, readAddedTargets } from '../deployment/backup-targets.ts';
import { readPlainFile } from '../deployment/checks/check-files.ts';
import type { InstancePaths } from '../deployment/data-layout.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { BackupService } from '../features/backup/service.ts';
import { AllowedTargets } from '../features/backup/storage/allowed-targets.ts';
import { openStorageBy } from '../features/backup/storage/open-storage.ts';
import { type OpenStorage, StorageError } from '../features/backup/storage/port.ts';
import { ownCommand } from '../formats/own-command.ts';
import { reportFailure } from '../http/report-failure.ts';

/**
 * The allow-list is the configuration's, and what the operator has added to it by now.
 * @throws Error when the configuration itself names what is no place: that stops the start
 */
export function storageOf(
  { backupTargets = [], backupIdentity, profile }: InstanceConfig,
  at: Pick<InstancePaths, 'backupTargetsFile'>,
): OpenStorage {
  const openIn = (targets: readonly AllowedBackupTarget[]): OpenStorage =>
    openStorageBy({
      targets,
      ...(backupIdentity === undefined ? {} : { identity: backupIdentity }),
      profile,
      nowMs: Date.now,
    });
  openIn(backupTargets);
  return async (...asked) => {
    let open: OpenStorage;
    try {
      open = openIn([...backupTargets, ...trustedTargets(readAddedTargets(at), profile, reportFailure)]);
    } catch (cause) {
      reportFailure('backup places that were added', cause);
      throw new StorageError(
        'NotAllowed',
        `the places that were added cannot be read; '${ownCommand('backup place list')}' says why`,
        {
          cause,
        },
      );
    }
    return open(...asked);
  };
}

/** Decides nothing: what it names is opened by the same list. */
export function locateIn(
  { backupTargets = [], profile }: InstanceConfig,
  at: Pick<InstancePaths, 'backupTargetsFile'>,
): BackupService['locate'] {
  return (named) => {
    try {
      const added = trustedTargets(readAddedTargets(at), profile, () => undefined);
      return new AllowedTargets([...backupTargets, ...added], profile).locate(named);
    } catch {
      // What does not read, or is left out, is said and reported when the place is opened.
      return named;
    }
  };
}

/** @param report is told of each place that is left out */
export function trustedTargets(
  places: readonly AllowedBackupTarget[],
  profile: 'dev' | 'production',
  report: (what: string, error: unknown) => void,
): readonly AllowedBackupTarget[] {
  if (profile !== 'production') return places;
  return places.filter(({ uri, caFile }) => {
    try {
      if (caFile !== undefined) readPlainFile(caFile, 'its authority');
      return true;
    } catch (error) {
      report(`the backup place ${uri}`, error);
      return false;
    }
  });
}
