import type { Command } from '../command.ts';
import { list as listBackups } from './backup/list.ts';
import { addPlace } from './backup/place/add.ts';
import { listPlaces } from './backup/place/list.ts';
import { removePlace } from './backup/place/remove.ts';
import { restore as restoreBackup } from './backup/restore.ts';
import { start as startBackup } from './backup/start.ts';
import { status as backupStatus } from './backup/status.ts';
import { verify as verifyBackup } from './backup/verify.ts';

export const commands: readonly Command[] = [
  startBackup,
  backupStatus,
  restoreBackup,
  listBackups,
  verifyBackup,
  addPlace,
  listPlaces,
  removePlace,
];
