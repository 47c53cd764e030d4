// The backup that a command was told of: its folder, or the place in which the latest one is to be found.
import type { Terminal } from '../../command.ts';
import { explained } from '../../explained.ts';
import type { PlaceValues } from './credentials.ts';
import { chooseFolder, REFUSALS } from './folders.ts';
import { openBackupTarget, type Place, readBackupTarget } from './place.ts';

export interface Chosen {
  readonly place: Place;
  readonly folder: string;
}

/** Says which it found. @param meant name of the HSM whose backup it should be @throws CommandError, UsageError */
export function chooseBackup(uri: string, values: PlaceValues, terminal: Terminal, meant?: string): Promise<Chosen> {
  const shelves = { read: (place: string) => readBackupTarget(place, values), open: openBackupTarget };
  return explained(() => chooseFolder(uri, shelves, terminal, meant), REFUSALS);
}
