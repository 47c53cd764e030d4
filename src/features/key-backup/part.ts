import { part } from '../part.ts';
import { keyBackupRows } from './rows.ts';

export const keyBackup = part({
  serve: (service: Parameters<typeof keyBackupRows>[0]) => ({ rows: keyBackupRows(service) }),
});
