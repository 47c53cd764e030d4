import { optionWords, ownCommand } from '../../formats/own-command.ts';
import { travelling } from '../../store/sealed/follow-records.ts';
import type { Head } from '../../store/sealed/records.ts';
import { type OwnAct, part } from '../part.ts';
import type { RestoreApproval } from './approved-restore.ts';
import { FreshRecovery, recoveryKind } from './fresh-recovery.ts';
import { BackupJobs } from './jobs/backup-jobs.ts';
import { type Job, type JobKind, jobKind } from './jobs/job.ts';
import { JobEngine, type WorkerIds } from './jobs/job-engine.ts';
import { clearLeftDirectories } from './leftovers.ts';
import { backupRows } from './rows.ts';
import type { BackupService } from './service.ts';
import { TextRecords } from './view.ts';

interface Needs extends Pick<BackupService, 'kinds' | 'records' | 'now' | 'randomHex' | 'report'> {
  readonly workers: WorkerIds;
  readonly record: (act: OwnAct) => Promise<void>;
}

interface Service
  extends Omit<
    BackupService,
    'jobs' | 'engine' | 'instance' | 'stopping' | 'forward' | 'needsEarlierBackup' | 'duties'
  > {
  readonly config: { readonly id: string; readonly name: string };
  readonly backupJobs: BackupJobs;
  readonly backupEngine: JobEngine;
  readonly isClockMovable: () => boolean;
  readonly instancePolicy: { readonly isStrict: boolean };
  readonly settings: { isOn(name: 'StrongroomRestoreNeedsBackup'): boolean };
  readonly restoreApproval: RestoreApproval;
  readonly clock: { readonly offset: number };
}

const ENDS: Readonly<Record<JobKind, string>> = {
  backup: 'BackupEnd',
  prebackup: 'PreBackupEnd',
  restore: 'RestoreEnd',
  prerestore: 'PreRestoreEnd',
  'key-restore': 'KeyRestoreFromBackupEnd',
};

export const backup = part({
  kinds: [jobKind, recoveryKind],
  keep({ kinds, record, ...needs }: Needs) {
    const backupJobs = new BackupJobs();
    const travels = travelling(kinds);
    const ended = (job: Job, head: Head): Promise<void> => record(endOf(job, head));
    return {
      backupJobs,
      backupEngine: new JobEngine({ ...needs, jobs: backupJobs, ended }),
      texts: new TextRecords(kinds),
      recovery: new FreshRecovery(travels),
      travels,
    };
  },
  relatedWrites: ({ recovery, now }) => ({
    commit: (changes) => recovery.goesWith(changes),
    split: ({ by }) => (by === 'recovery' ? recovery.plan(now()) : []),
  }),
  serve(needed: Service) {
    const { config, backupJobs: jobs, backupEngine: engine, settings } = needed;
    const service: BackupService = {
      ...needed,
      jobs,
      engine,
      instance: { id: config.id, name: config.name },
      stopping: engine.stopping,
      forward: needed.isClockMovable() ? (minutes) => forwardCommand(minutes, needed) : undefined,
      needsEarlierBackup: () => settings.isOn('StrongroomRestoreNeedsBackup'),
      duties: needed.restoreApproval,
    };
    return {
      rows: backupRows(service),
      gauges() {
        const { latestBackup: latest } = jobs;
        if (latest === undefined) return [];
        return [
          { name: 'strongroom_backup_last_success_timestamp_seconds' as const, value: latest - needed.clock.offset },
        ];
      },
      /** Ends what a worker that died has left. */
      async start(stack) {
        await engine.settle();
        // Not waited for: a directory on a network may be slow, and nobody needs what lies there.
        const clearing = clearLeftDirectories(service, service.openStorage, engine.stopping);
        stack.defer(async () => {
          await engine[Symbol.asyncDispose]();
          await clearing;
        });
      },
    };
  },
});

function endOf({ id, kind, status, statusDetails, error, folderUri }: Job, head: Head): OwnAct {
  const folder = folderUri === null ? '' : ` Folder: ${folderUri}.`;
  return {
    operationName: ENDS[kind],
    description: `The ${kind} job ${id} ended: ${status}. ${error?.message ?? statusDetails}.${folder}`,
    detail: { job: id, status, storage: folderUri ?? undefined },
    head,
    ...(error === null ? {} : { failure: error.code }),
  };
}

function forwardCommand(
  minutes: number,
  { instancePolicy, config }: Pick<Service, 'instancePolicy' | 'config'>,
): string {
  // Where duties are separated a person moves it; in development one of the two is at hand.
  const as = instancePolicy.isStrict ? 'alice' : undefined;
  return ownCommand(`clock advance ${minutes}m${optionWords({ 'hsm-name': config.name, as })}`);
}
