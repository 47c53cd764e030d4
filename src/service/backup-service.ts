// Full backup and restore of one worker: what the feature is given of the instance, and how the ends of jobs get on record.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { readAddedPlaces } from '../deployment/added-backup-places.ts';
import type { InstancePlaces } from '../deployment/data-layout.ts';
import type { BackupPlace, InstanceConfig } from '../deployment/instance.ts';
import { restoreDuties } from '../features/approvals/restore-duties.ts';
import type { Job, JobKind } from '../features/backup/jobs/job.ts';
import { JobEngine } from '../features/backup/jobs/job-engine.ts';
import { clearLeftDirectories } from '../features/backup/leftovers.ts';
import type { BackupService } from '../features/backup/rows.ts';
import { AllowedPlaces } from '../features/backup/storage/allowed-places.ts';
import { openStorageBy } from '../features/backup/storage/open-storage.ts';
import { type OpenStorage, StorageError } from '../features/backup/storage/port.ts';
import { toldRemoval } from '../features/events/told.ts';
import { optionWords, ownCommand } from '../formats/own-command.ts';
import { reportFailure } from '../http/report-failure.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { travelling } from '../store/sealed/follow-records.ts';
import type { Head, Records } from '../store/sealed/records.ts';
import { approvalServiceOf } from './approval-service.ts';
import { emptyInstanceState, type InstanceState } from './instance-state.ts';
import { randomHex } from './random-hex.ts';
import { recordKinds } from './record-kinds.ts';
import { recordOwnAct } from './service-entries.ts';
import { soundPlaces } from './sound-places.ts';
import { openWorkerMarks } from './worker-marks.ts';

export interface BackupParts {
  readonly crypto: CryptoClient;
  readonly audit: AuditLog;
  readonly records: Records;
  readonly state: InstanceState;
}

const ENDS: Readonly<Record<JobKind, string>> = {
  backup: 'BackupEnd',
  prebackup: 'PreBackupEnd',
  restore: 'RestoreEnd',
  prerestore: 'PreRestoreEnd',
  'key-restore': 'KeyRestoreFromBackupEnd',
};

/** Ends what a worker that died has left, before anything is served. */
export async function openBackupService(
  { crypto, audit, records, state }: BackupParts,
  config: InstanceConfig,
  at: Pick<InstancePlaces, 'backupPlaces'>,
  openStorage: OpenStorage = storageOf(config, at),
): Promise<BackupService & AsyncDisposable> {
  const { keys, texts, backupJobs: jobs, retention, limits, clock } = state;
  const { now } = clock;
  const workers = openWorkerMarks();
  const engine = new JobEngine({
    jobs,
    records,
    now,
    randomHex,
    workers,
    ended: (job, head) => recordEnd(job, head),
    report: reportFailure,
  });
  await engine.settle();
  const leaving = { jobs, records, report: reportFailure };
  // Not waited for: a directory on a network may be slow, and nobody needs what lies there.
  const clearing = clearLeftDirectories(leaving, openStorage, engine.stopping);

  function recordEnd(job: Job, head: Head): Promise<void> {
    const { id, kind, status, statusDetails, error, folderUri } = job;
    const folder = folderUri === null ? '' : ` Folder: ${folderUri}.`;
    return recordOwnAct(audit, config, {
      operationName: ENDS[kind],
      description: `The ${kind} job ${id} ended: ${status}. ${error?.message ?? statusDetails}.${folder}`,
      detail: { job: id, status, storage: folderUri ?? undefined },
      head,
      ...(error === null ? {} : { failure: error.code }),
      clockOffset: clock.offset,
    });
  }

  return {
    keys,
    texts,
    crypto,
    ...leaving,
    engine,
    retention,
    limits,
    instance: { id: config.id, name: config.name },
    now,
    milliseconds: Date.now,
    randomHex,
    stopping: engine.stopping,
    openStorage,
    locate: locateIn(config, at),
    rehearsal: () => emptyInstanceState(config, now, () => undefined).apply,
    travels: travelling(recordKinds),
    companions: (name) => [toldRemoval(name)],
    forward: forwardCommand(state, config),
    needsEarlierBackup: () => state.settings.isOn('StrongroomRestoreNeedsBackup'),
    duties: restoreDuties(approvalServiceOf(state, config)),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await clearing;
      workers[Symbol.dispose]();
    },
  };
}

/** Only where the rows of the clock are. */
function forwardCommand(
  { promises }: Pick<InstanceState, 'promises'>,
  { profile, name }: InstanceConfig,
): BackupService['forward'] {
  if (profile !== 'dev' || promises.current.profile !== 'dev') return undefined;
  return (minutes) => {
    // Where duties are separated a person moves it; in development one of the two is at hand.
    const as = promises.isStrict ? 'alice' : undefined;
    return ownCommand(`clock advance ${minutes}m${optionWords({ 'hsm-name': name, as })}`);
  };
}

/**
 * The allow-list is the configuration's, and what the operator has added to it by now.
 * @throws Error when the configuration itself names what is no place: that stops the start
 */
function storageOf(
  { backupTargets = [], backupIdentity, profile }: InstanceConfig,
  at: Pick<InstancePlaces, 'backupPlaces'>,
): OpenStorage {
  const openIn = (targets: readonly BackupPlace[]): OpenStorage =>
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
      open = openIn([...backupTargets, ...soundPlaces(readAddedPlaces(at), profile, reportFailure)]);
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
function locateIn(
  { backupTargets = [], profile }: InstanceConfig,
  at: Pick<InstancePlaces, 'backupPlaces'>,
): BackupService['locate'] {
  return (named) => {
    try {
      const added = soundPlaces(readAddedPlaces(at), profile, () => undefined);
      return new AllowedPlaces([...backupTargets, ...added], profile).locate(named);
    } catch {
      // What does not read, or is left out, is said and reported when the place is opened.
      return named;
    }
  };
}
