// Backup places that were added by command, judged as those of the configuration are at the start: in production nobody else may
// change whom a place's authority vouches for.

import { readPlainFile } from '../deployment/checks/check-files.ts';
import type { BackupPlace } from '../deployment/instance.ts';

/** @param report is told of each place that is left out */
export function soundPlaces(
  places: readonly BackupPlace[],
  profile: 'dev' | 'production',
  report: (what: string, error: unknown) => void,
): readonly BackupPlace[] {
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
