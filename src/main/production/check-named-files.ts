// The files that a configuration names for later, by places of backups and targets of events: whom the instances trust there,
// and by which secret they are known.
import type { ProductionConfig } from '../config/production-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';

/** @throws ConfigError */
export function checkNamedFiles({ eventTargets = [], backupTargets = [], backupIdentity }: ProductionConfig): void {
  for (const [member, places] of Object.entries({ eventTargets, backupTargets })) {
    for (const [at, { caFile }] of places.entries()) {
      if (caFile !== undefined) readPlainFile(caFile, `${member}[${at}].caFile`);
    }
  }
  if (backupIdentity === undefined || backupIdentity.kind === 'imds') return;
  if (backupIdentity.caFile !== undefined) readPlainFile(backupIdentity.caFile, 'backupIdentity.caFile');
  if (backupIdentity.kind === 'appService') readSecretFile(backupIdentity.headerFile, 'backupIdentity.headerFile');
  else readSecretFile(backupIdentity.secretFile, 'backupIdentity.secretFile');
}
