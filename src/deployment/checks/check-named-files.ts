// What a configuration names for later: places of backups and targets of events, the files that say whom the instances trust
// there, and by which secret they are known.
import { AllowedTargets } from '../../features/backup/storage/allowed-targets.ts';
import { EventTargets } from '../../features/events/targets.ts';
import type { ProductionConfig } from '../production-config.ts';
import { ConfigError } from '../start-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';
import { checkHealthFiles } from './check-health-files.ts';

/** @throws ConfigError */
export function checkNamedFiles(config: ProductionConfig): void {
  const { eventTargets = [], backupTargets = [], backupIdentity, health, traces } = config;
  checkAddresses(config);
  for (const [member, places] of Object.entries({ eventTargets, backupTargets })) {
    for (const [at, { caFile }] of places.entries()) {
      if (caFile !== undefined) readPlainFile(caFile, `${member}[${at}].caFile`);
    }
  }
  if (traces?.caFile !== undefined) readPlainFile(traces.caFile, 'traces.caFile');
  if (health !== undefined) checkHealthFiles(health);
  if (backupIdentity === undefined || backupIdentity.kind === 'imds') return;
  if (backupIdentity.caFile !== undefined) readPlainFile(backupIdentity.caFile, 'backupIdentity.caFile');
  if (backupIdentity.kind === 'appService') readSecretFile(backupIdentity.headerFile, 'backupIdentity.headerFile');
  else readSecretFile(backupIdentity.secretFile, 'backupIdentity.secretFile');
}

/** Instances judge them too, when they start: by then the service runs, and each of them would fail by itself. */
function checkAddresses({ eventTargets = [], backupTargets = [] }: ProductionConfig): void {
  try {
    new EventTargets(eventTargets, { profile: 'production', readFile: () => '' });
    new AllowedTargets(backupTargets, 'production');
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
