// The backup that a command was told of: its folder, or the place in which the latest one is to be found.
import { findLatest } from '../../../tools/backup/latest-backup.ts';
import type { Terminal } from '../../command.ts';
import { explained } from '../../explained.ts';
import type { PlaceValues } from './credentials.ts';
import { isFolderOfBackup, openBackupTarget, type Place, REFUSALS, readBackupTarget, splitFolder } from './place.ts';

export interface Chosen {
  readonly place: Place;
  readonly folder: string;
}

/** Says which it found. @param meant name of the HSM whose backup it should be @throws CommandError, UsageError */
export function chooseBackup(uri: string, values: PlaceValues, terminal: Terminal, meant?: string): Promise<Chosen> {
  return explained(async () => {
    if (isFolderOfBackup(uri)) {
      const { place, folder } = splitFolder(uri);
      return { place: await readBackupTarget(place, values), folder };
    }
    const place = await readBackupTarget(uri, values);
    await using shelf = await openBackupTarget(place);
    const { folder, unfinished } = await findLatest(shelf, meant);
    terminal.err(`the latest backup there is ${folder}\n`);
    for (const later of unfinished) terminal.err(`${later} is later, but was never finished\n`);
    return { place, folder };
  }, REFUSALS);
}
