// The rows of full backup and restore. Each start answers at once with a job; what comes of it is polled for.
import { type Answer, type AnyRow, type RowRequest, row } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { requireKeyName } from '../keys/key-name.ts';
import type { BackupJobs } from './jobs/backup-jobs.ts';
import { type Job, type JobKind, pollsAs } from './jobs/job.ts';
import type { Caller, JobEngine } from './jobs/job-engine.ts';
import type { RunningJob, Success } from './jobs/run-job.ts';
import { type RestoreRequest, readRestore, readTarget } from './read-request.ts';
import { requireEarlierBackup } from './require-earlier-backup.ts';
import { type BackupStorage, type BackupTarget, type OpenStorage, StorageError } from './storage/port.ts';
import { type BackupWork, backUp, checkBackUp, checkRestore, rejectTakenName, restore, restoreKey } from './work.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm';
/** The checks came with this one. */
const CHECKS_SINCE = '7.6-preview.2';
const SINCE = '7.2-preview';

export interface BackupService extends BackupWork {
  readonly jobs: BackupJobs;
  readonly engine: JobEngine;
  readonly openStorage: OpenStorage;
}

type Work = (storage: BackupStorage, job: RunningJob) => Promise<Success>;

export function backupRows(service: BackupService): readonly AnyRow[] {
  const { keys, jobs, engine } = service;

  async function start<B>(
    kind: JobKind,
    { origin, recheck, principal }: RowRequest<B>,
    target: BackupTarget,
    work: Work,
  ): Promise<Answer> {
    const caller = { oid: principal.oid, recheck };
    const opened = await openTarget(target);
    const { job, head } =
      opened instanceof StorageError
        ? await engine.refuse(kind, caller, { code: 'BadRequest', message: opened.message })
        : await startWith(opened, kind, caller, work);
    return {
      status: 202,
      // Of a refused target too, a client hears at its poll.
      body: jobShape(opened instanceof StorageError ? { ...job, ...UNDER_WAY } : job),
      headers: {
        'Azure-AsyncOperation': `${origin}/${pollsAs(kind)}/${job.id}/pending`,
        'Retry-After': retryAfter(),
      },
      note:
        opened instanceof StorageError
          ? // What does not read may be anything: a secret in the wrong member too.
            `The ${kind} job ${job.id} was refused: what it says of its storage does not read`
          : `The ${kind} job ${job.id} began; storage: ${target.storageResourceUri}`,
      head,
    };
  }

  async function startWith(
    storage: BackupStorage,
    kind: JobKind,
    caller: Caller,
    work: Work,
  ): ReturnType<JobEngine['start']> {
    try {
      return await engine.start(kind, caller, async (job) => {
        await using open = storage;
        return work(open, job);
      });
    } catch (error) {
      await storage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Malformed is no refusal here. */
  async function openTarget(target: BackupTarget): Promise<BackupStorage | StorageError> {
    try {
      return await service.openStorage(target, engine.stopping);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code === 'Malformed') return error;
      throw new ServiceError('Forbidden', error.message, { cause: error, innerCode: 'StorageNotAllowed' });
    }
  }

  /** An instance of a few keys is done before a client would ask again after the usual ten seconds. */
  function retryAfter(): string {
    return keys.size + keys.deletedSize < 2000 ? '1' : '10';
  }

  async function poll({ params }: RowRequest<unknown>, kind: 'backup' | 'restore'): Promise<Answer> {
    await engine.settle();
    const job = jobs.get(params['jobId'] ?? '');
    if (job === undefined || pollsAs(job.kind) !== kind) {
      throw new ServiceError('NotFound', `There is no ${kind} job with this id; the last twenty jobs are remembered`);
    }
    if (job.malformed && job.error !== null) throw new ServiceError('BadRequest', job.error.message);
    return {
      status: 200,
      body: jobShape(job),
      ...(job.status === 'InProgress' ? { headers: { 'Retry-After': retryAfter() } } : {}),
    };
  }

  return [
    row<BackupTarget>({
      method: 'POST',
      path: '/backup',
      since: SINCE,
      operationName: 'BackupCreate',
      dataAction: `${ACTION}/backup/start/action`,
      scope: 'root',
      activation: 'active',
      readBody: readTarget,
      repeatable: false,
      handle: (request) => start('backup', request, request.body, (storage, job) => backUp(service, storage, job)),
    }),
    row<BackupTarget>({
      method: 'POST',
      path: '/prebackup',
      since: CHECKS_SINCE,
      operationName: 'PreBackupCreate',
      dataAction: `${ACTION}/backup/start/action`,
      scope: 'root',
      activation: 'active',
      readBody: readTarget,
      repeatable: false,
      handle: (request) => start('prebackup', request, request.body, checkBackUp),
    }),
    row({
      method: 'GET',
      path: '/backup/:jobId/pending',
      since: SINCE,
      operationName: 'BackupStatusGet',
      dataAction: `${ACTION}/backup/status/action`,
      scope: 'root',
      activation: 'active',
      apiVersionOptional: true,
      repeatable: true,
      handle: (request) => poll(request, 'backup'),
    }),
    row<RestoreRequest>({
      method: 'PUT',
      path: '/restore',
      since: SINCE,
      operationName: 'RestoreCreate',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      activation: 'active',
      readBody: readRestore('folderToRestore'),
      repeatable: false,
      handle(request) {
        const { target, folder } = request.body;
        requireEarlierBackup(service);
        return start('restore', request, target, (storage, job) =>
          restore(service, storage, folder, job, request.recheck),
        );
      },
    }),
    row<RestoreRequest>({
      method: 'PUT',
      path: '/prerestore',
      since: CHECKS_SINCE,
      operationName: 'PreRestoreCreate',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      activation: 'active',
      readBody: readRestore('folderToRestore'),
      repeatable: false,
      handle(request) {
        const { target, folder } = request.body;
        requireEarlierBackup(service);
        return start('prerestore', request, target, (storage, job) => checkRestore(service, storage, folder, job));
      },
    }),
    row<RestoreRequest>({
      method: 'PUT',
      path: '/keys/:name/restore',
      since: SINCE,
      operationName: 'KeyRestoreFromBackup',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      activation: 'active',
      readBody: readRestore('folder'),
      repeatable: false,
      handle(request) {
        const { target, folder } = request.body;
        const name = requireKeyName(request.params['name']);
        const check = (): void => {
          request.recheck();
          rejectTakenName(keys, name);
        };
        rejectTakenName(keys, name);
        return start('key-restore', request, target, (storage, job) =>
          restoreKey(service, storage, { name, folder }, job, check),
        );
      },
    }),
    row({
      method: 'GET',
      path: '/restore/:jobId/pending',
      since: SINCE,
      operationName: 'RestoreStatusGet',
      dataAction: `${ACTION}/restore/status/action`,
      scope: 'root',
      activation: 'active',
      apiVersionOptional: true,
      duringRestore: true,
      alsoAllows: ({ jobId = '' }, { oid }) => {
        const job = jobs.get(jobId);
        const isOwn = job?.kind === 'restore' && job.status === 'Succeeded' && job.startedBy === oid;
        return isOwn ? `started restore ${jobId}` : undefined;
      },
      repeatable: true,
      handle: (request) => poll(request, 'restore'),
    }),
  ];
}

const UNDER_WAY = { status: 'InProgress', endTime: null, error: null } as const;

/** Every member is there; null says that there is nothing to say. */
function jobShape({ kind, id, status, statusDetails, error, startTime, endTime, folderUri }: Job): object {
  return {
    status,
    statusDetails: statusDetails === '' ? null : statusDetails,
    error: error === null ? null : { code: error.code, message: error.message, innererror: null },
    startTime,
    endTime,
    jobId: id,
    ...(pollsAs(kind) === 'backup' ? { azureStorageBlobContainerUri: folderUri } : {}),
  };
}
