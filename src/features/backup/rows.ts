// The rows of full backup and restore. Each start answers at once with a job; what comes of it is polled for.
import { pollAt } from '../../http/poll-at.ts';
import { type Answer, type AnyRow, type RowRequest, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { requireKeyName } from '../keys/key-name.ts';
import { targetDetail } from './entry-detail.ts';
import type { BackupJobs } from './jobs/backup-jobs.ts';
import { type Job, type JobError, type JobKind, pollsAs } from './jobs/job.ts';
import type { Caller, JobEngine } from './jobs/job-engine.ts';
import type { RunningJob, Success } from './jobs/run-job.ts';
import type { Leaving } from './leftovers.ts';
import { type RestoreRequest, readRestore, readTarget } from './read-request.ts';
import { requireEarlierBackup } from './require-earlier-backup.ts';
import { lookAtBackup, requireAgreement } from './start-restore.ts';
import type { NamedFolder } from './storage/allowed-targets.ts';
import { type BackupStorage, type BackupTarget, type OpenStorage, StorageError } from './storage/port.ts';
import { type BackupWork, backUp, checkBackUp, checkRestore, rejectDeletedName, restore, restoreKey } from './work.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm';
/** The checks came with this one. */
const CHECKS_SINCE = '7.6-preview.2';
const SINCE = '7.2-preview';

export interface BackupService extends BackupWork, Leaving {
  readonly jobs: BackupJobs;
  readonly engine: JobEngine;
  /** Whether a full restore asks for an earlier backup. */
  readonly needsEarlierBackup: () => boolean;
  readonly openStorage: OpenStorage;
  /** Where the folder lies among the allowed places, however its address was cut. */
  readonly locate: (named: NamedFolder) => NamedFolder;
  /** Absent: the clock is not to be moved. */
  readonly forward?: ((minutes: number) => string) | undefined;
}

type Work = (storage: BackupStorage, job: RunningJob) => Promise<Success>;

export function backupRows(service: BackupService): readonly AnyRow[] {
  const { keys, jobs, engine } = service;

  async function start<B>(
    kind: JobKind,
    request: RowRequest<B>,
    target: BackupTarget,
    work: Work,
    { folder, more = '' }: { readonly folder?: string; readonly more?: string } = {},
  ): Promise<Answer> {
    const opened = await openTarget(target, engine.stopping);
    if (opened instanceof StorageError) {
      return refuse(kind, request, { code: 'BadRequest', message: opened.message });
    }
    const { principal, commit } = request;
    const { job, head } = await startWith(opened, kind, { oid: principal.oid, commit }, work);
    const note = `The ${kind} job ${job.id} began; storage: ${target.storageResourceUri}`;
    const detail = { job: job.id, ...targetDetail(target, folder) };
    return { ...accepted(job, request), note: more === '' ? note : `${note}. ${more}`, detail, head };
  }

  /** A job that ends as it begins; a client hears of that at its poll. */
  async function refuse<B>(kind: JobKind, request: RowRequest<B>, error: JobError): Promise<Answer> {
    const { principal, commit } = request;
    const malformed = error.code === 'BadRequest';
    const { job, head } = await engine.refuse(kind, { oid: principal.oid, commit }, error, malformed);
    // What does not read may be anything: a secret in the wrong member too.
    const why = malformed ? 'what it says of its storage does not read' : error.code;
    const note = `The ${kind} job ${job.id} was refused: ${why}`;
    return { ...accepted({ ...job, ...UNDER_WAY }, request), note, detail: { job: job.id }, head };
  }

  function accepted<B>(job: Job, request: RowRequest<B>): Pick<Answer, 'status' | 'body' | 'headers'> {
    const headers = pollAt(request, `/${pollsAs(job.kind)}/${job.id}/pending`, retryAfter());
    return { status: 202, body: jobShape(job), headers };
  }

  /** Comes first: what is opened, agreed to and put on record has the place's own name. */
  function located(request: RowRequest<RestoreRequest>): RowRequest<RestoreRequest> {
    const { target, folder: named } = request.body;
    const { uri, folder } = service.locate({ uri: target.storageResourceUri, folder: named });
    return { ...request, body: { target: { ...target, storageResourceUri: uri }, folder } };
  }

  async function startRestore(request: RowRequest<RestoreRequest>): Promise<Answer> {
    const { target, folder } = request.body;
    const useless = await refuseByRule(() => requireEarlierBackup(service), 'restore', request);
    if (useless !== undefined) return useless;
    const { principal, commit } = request;
    const asker = { principal, commit, reason: service.duties.reasonOf(request.grantHeaders()) };
    const work: Work = (storage, job) => restore(service, storage, folder, job, asker);
    if (!service.duties.needsSecond()) return start('restore', request, target, work, { folder });
    const agreed = await requireAgreement(folder, asker, opening(target), service);
    if (agreed.state === 'unreadable') return refuse('restore', request, agreed.error);
    return start('restore', request, target, work, { folder, more: agreed.note });
  }

  /**
   * Whoever names a backup that cannot be restored hears of that, and not of a rule that they would wait for in vain.
   * @returns the answer when the backup is at fault, undefined when nothing is @throws what the rule throws
   */
  async function refuseByRule(
    rule: () => void,
    kind: JobKind,
    request: RowRequest<RestoreRequest>,
  ): Promise<Answer | undefined> {
    try {
      rule();
      return undefined;
    } catch (refusal) {
      const { target, folder } = request.body;
      const seen = await lookAtBackup(folder, opening(target), service);
      if ('state' in seen) return refuse(kind, request, seen.error);
      throw refusal;
    }
  }

  function opening(target: BackupTarget): (signal: AbortSignal) => Promise<BackupStorage> {
    return async (signal) => {
      const opened = await openTarget(target, signal);
      if (opened instanceof StorageError) throw opened;
      return opened;
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
        return await work(open, job);
      });
    } catch (error) {
      await storage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Malformed is no refusal here. */
  async function openTarget(target: BackupTarget, signal: AbortSignal): Promise<BackupStorage | StorageError> {
    try {
      return await service.openStorage(target, signal);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code === 'Malformed') return error;
      throw new ServiceError('Forbidden', error.message, { cause: error, innerCode: 'StorageNotAllowed' });
    }
  }

  /** An instance of a few keys is done before a client would ask again after the usual ten seconds. */
  function retryAfter(): '1' | '10' {
    return keys.size + keys.deletedSize < 2000 ? '1' : '10';
  }

  async function poll({ params }: RowRequest<unknown>, kind: 'backup' | 'restore'): Promise<Answer> {
    await engine.settle();
    const job = jobs.get(params['jobId'] ?? '');
    if (job === undefined || pollsAs(job.kind) !== kind) {
      throw new ServiceError('NotFound', `There is no ${kind} job with this id; the last twenty jobs are remembered`);
    }
    if (job.malformed && job.error !== null) {
      throw new ServiceError('BadRequest', job.error.message, { ofJob: true });
    }
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
      readBody: readTarget,
      asked: ({ body }) => targetDetail(body),
      handle: (request) => start('backup', request, request.body, (storage, job) => backUp(service, storage, job)),
    }),
    row<BackupTarget>({
      method: 'POST',
      path: '/prebackup',
      since: CHECKS_SINCE,
      operationName: 'PreBackupCreate',
      dataAction: `${ACTION}/backup/start/action`,
      scope: 'root',
      readBody: readTarget,
      asked: ({ body }) => targetDetail(body),
      handle: (request) => start('prebackup', request, request.body, checkBackUp),
    }),
    row({
      method: 'GET',
      path: '/backup/:jobId/pending',
      since: SINCE,
      operationName: 'BackupStatusGet',
      dataAction: `${ACTION}/backup/status/action`,
      scope: 'root',
      handle: (request) => poll(request, 'backup'),
    }),
    row<RestoreRequest>({
      method: 'PUT',
      path: '/restore',
      since: SINCE,
      operationName: 'RestoreCreate',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      readBody: readRestore('folderToRestore'),
      asked: ({ body }) => targetDetail(body.target, body.folder),
      handle: (request) => startRestore(located(request)),
    }),
    row<RestoreRequest>({
      method: 'PUT',
      path: '/prerestore',
      since: CHECKS_SINCE,
      operationName: 'PreRestoreCreate',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      readBody: readRestore('folderToRestore'),
      asked: ({ body }) => targetDetail(body.target, body.folder),
      async handle(asked) {
        const request = located(asked);
        const { target, folder } = request.body;
        const useless = await refuseByRule(() => requireEarlierBackup(service), 'prerestore', request);
        if (useless !== undefined) return useless;
        const work: Work = (storage, job) => checkRestore(service, storage, folder, job);
        return start('prerestore', request, target, work, { folder });
      },
    }),
    row<RestoreRequest>({
      method: 'PUT',
      path: '/keys/:name/restore',
      since: SINCE,
      operationName: 'KeyRestoreFromBackup',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      readBody: readRestore('folder'),
      asked: ({ body }) => targetDetail(body.target, body.folder),
      async handle(asked) {
        const request = located(asked);
        const { target, folder } = request.body;
        const name = requireKeyName(request.params['name']);
        const useless = await refuseByRule(() => rejectDeletedName(keys, name), 'key-restore', request);
        if (useless !== undefined) return useless;
        const work: Work = (storage, job) => restoreKey(service, storage, { name, folder }, job, request.commit);
        return start('key-restore', request, target, work, { folder, more: `Folder: ${folder}` });
      },
    }),
    row({
      method: 'GET',
      path: '/restore/:jobId/pending',
      since: SINCE,
      operationName: 'RestoreStatusGet',
      dataAction: `${ACTION}/restore/status/action`,
      scope: 'root',
      duringRestore: true,
      alsoAllows: ({ jobId = '' }, { oid }) => {
        const job = jobs.get(jobId);
        const isOwn = job?.kind === 'restore' && job.status === 'Succeeded' && job.startedBy === oid;
        return isOwn ? `started restore ${jobId}` : undefined;
      },
      handle: (request) => poll(request, 'restore'),
    }),
  ];
}

const UNDER_WAY = { status: 'InProgress', endTime: null, error: null } as const;

/** The service says nothing of these once they have succeeded, and older clients fail on more; what came of them is on record. */
const SILENT: ReadonlySet<JobKind> = new Set(['backup', 'prebackup', 'restore']);

/** Every member is there; null says that there is nothing to say. */
function jobShape({ kind, id, status, statusDetails, error, startTime, endTime, folderUri }: Job): object {
  const isSilent = statusDetails === '' || (status === 'Succeeded' && SILENT.has(kind));
  return {
    status,
    statusDetails: isSilent ? null : statusDetails,
    error: error === null ? null : { code: error.code, message: error.message, innererror: null },
    startTime,
    endTime,
    jobId: id,
    ...(pollsAs(kind) === 'backup' ? { azureStorageBlobContainerUri: folderUri } : {}),
  };
}
