// What a configuration names for later: places of backups and targets of events, the files that say whom the instances trust
// there, and by which secret they are known.
import { AllowedTargets } from '../../features/backup/storage/allowed-targets.ts';
import { EventTargets } from '../../features/events/targets.ts';
import type { InstanceIdentity } from '../../formats/instance-identity.ts';
import { checkAddresses } from '../../watcher/sinks/addresses.ts';
import type { ProductionConfig } from '../production-config.ts';
import type { SinkConfig } from '../sinks.ts';
import { ConfigError } from '../start-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';
import { checkHealthFiles } from './check-health-files.ts';
import { checkSinkFiles } from './check-sink-files.ts';

/** @throws ConfigError */
export function checkNamedFiles(config: ProductionConfig): void {
  const { eventTargets = [], backupTargets = [], backupIdentity, health, traces, witnesses = [] } = config;
  checkPlaces(config);
  checkSinks(config.sinks ?? []);
  for (const [member, places] of Object.entries({ eventTargets, backupTargets, witnesses })) {
    for (const [at, { caFile }] of places.entries()) {
      if (caFile !== undefined) readPlainFile(caFile, `${member}[${at}].caFile`);
    }
  }
  if (traces?.caFile !== undefined) readPlainFile(traces.caFile, 'traces.caFile');
  if (health !== undefined) checkHealthFiles(health);
  if (backupIdentity !== undefined) checkIdentity(backupIdentity, 'backupIdentity');
}

function checkIdentity(identity: InstanceIdentity, member: string): void {
  if (identity.kind === 'imds') return;
  if (identity.caFile !== undefined) readPlainFile(identity.caFile, `${member}.caFile`);
  if (identity.kind === 'appService') readSecretFile(identity.headerFile, `${member}.headerFile`);
  else readSecretFile(identity.secretFile, `${member}.secretFile`);
}

/** What is sent is the log: whom it goes to is nobody else's to change. */
function checkSinks(sinks: readonly SinkConfig[]): void {
  try {
    checkAddresses(sinks, 'production');
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  for (const [at, sink] of sinks.entries()) {
    const member = `sinks[${at}]`;
    if ('caFile' in sink) readPlainFile(sink.caFile, `${member}.caFile`);
    if ('headersFile' in sink) readSecretFile(sink.headersFile, `${member}.headersFile`);
    if ('sasFile' in sink) readSecretFile(sink.sasFile, `${member}.sasFile`);
    if ('credentialsFile' in sink) readSecretFile(sink.credentialsFile, `${member}.credentialsFile`);
    if ('clientCertificate' in sink) {
      readPlainFile(sink.clientCertificate.certificate, `${member}.clientCertificate.certificate`);
      readSecretFile(sink.clientCertificate.key, `${member}.clientCertificate.key`);
    }
    if ('identity' in sink) checkIdentity(sink.identity, `${member}.identity`);
  }
  checkSinkFiles(sinks);
}

/** Instances judge them too, when they start: by then the service runs, and each of them would fail by itself. */
function checkPlaces({ eventTargets = [], backupTargets = [] }: ProductionConfig): void {
  try {
    new EventTargets(eventTargets, { profile: 'production', readFile: () => '' });
    new AllowedTargets(backupTargets, 'production');
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
