// What places and backups refuse with is already said for people; it only has to reach them without a stack.
import { BackupError } from '../../../features/backup/backup-error.ts';
import { StorageError } from '../../../features/backup/storage/port.ts';
import { NoLatestBackup } from '../../../tools/backup/latest-backup.ts';
import { CommandError } from '../../command.ts';

export async function saying<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StorageError || error instanceof BackupError || error instanceof NoLatestBackup)
      throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
