// The rows of full backup and restore. Each start answers at once with a job; what comes of it is polled for.
import { pollAt } from '../../http/poll-at.ts';
import { type Answer, type AnyRow, type Row, type RowRequest, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { requireKeyName } from '../keys/key-name.ts';
import { targetDetail } from './entry-detail.ts';
import { type Job, type JobError, type JobKind, pollsAs } from './jobs/job.ts';
import type { RunningJob, Success } from './jobs/run-job.ts';
import { type RestoreRequest, readRestore, readTarget } from './read-request.ts';
import { requireEarlierBackup } from './require-earlier-backup.ts';
import type { BackupService } from './service.ts';
import { lookAtBackup, requireAgreement } from './start-restore.ts';
import { type BackupStorage, type BackupTarget, StorageError } from './storage/port.ts';
import { backUp, checkBackUp, checkRestore, rejectDeletedName, restore, restoreKey } from './work.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm';
/** The checks came with this one. */
const CHECKS_SINCE = '7.6-preview.2';
const SINCE = '7.2-preview';

type Work = (storage: BackupStorage, job: RunningJob) => Promise<Success>;

/** A restore of any kind, once its request was read and its place found. */
interface Restoring {
  readonly kind: JobKind;
  readonly member: Parameters<typeof readRestore>[0];
  /** What is looked at first; it throws ServiceError Conflict. */
  readonly rule: (params: RowRequest<unknown>['params']) => () => void;
  readonly begin: (request: RowRequest<RestoreRequest>) => Answer | Promise<Answer>;
}

export function backupRows(service: BackupService): readonly AnyRow[] {
  const { keys, jobs, engine } = service;

  async function start<B>(
    kind: JobKind,
    request: RowRequest<B>,
    target: BackupTarget,
    work: Work,
    { folder, more }: { readonly folder?: string; readonly more?: string | undefined } = {},
  ): Promise<Answer> {
    let storage: BackupStorage;
    try {
      storage = await open(target, engine.stopping);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return refuse(kind, request, { code: 'BadRequest', message: error.message });
    }
    const { principal, commit } = request;
    await using opened = new AsyncDisposableStack();
    opened.use(storage);
    const { job, head } = await engine.start(kind, { oid: principal.oid, commit }, async (job) => {
      await using place = storage;
      return await work(place, job);
    });
    // It is the job's from now on.
    opened.move();
    const note = `The ${kind} job ${job.id} began; storage: ${target.storageResourceUri}`;
    const detail = { job: job.id, ...targetDetail(target, folder) };
    return { ...accepted(job, request), note: more === undefined ? note : `${note}. ${more}`, detail, head };
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

  async function startRestore(request: RowRequest<RestoreRequest>): Promise<Answer> {
    const { target, folder } = request.body;
    const { principal, commit } = request;
    const asker = { principal, commit, reason: service.duties.reasonOf(request.grantHeaders()) };
    const work: Work = (storage, job) => restore(service, storage, folder, job, asker);
    if (!service.duties.needsSecond()) return start('restore', request, target, work, { folder });
    const agreed = await requireAgreement(folder, asker, (signal) => open(target, signal), service);
    if (agreed.state === 'unreadable') return refuse('restore', request, agreed.error);
    return start('restore', request, target, work, { folder, more: agreed.note === '' ? undefined : agreed.note });
  }

  /** @throws StorageError only for what is malformed: that is no refusal here */
  async function open(target: BackupTarget, signal: AbortSignal): Promise<BackupStorage> {
    try {
      return await service.openStorage(target, signal);
    } catch (error) {
      if (!(error instanceof StorageError) || error.code === 'Malformed') throw error;
      throw new ServiceError('Forbidden', error.message, { cause: error, innerCode: 'StorageNotAllowed' });
    }
  }

  /** An instance of a few keys is done before a client would ask again after the usual ten seconds. */
  function retryAfter(): '1' | '10' {
    return keys.size + keys.deletedSize < 2000 ? '1' : '10';
  }

  function backingUp(kind: JobKind, given: Pick<Row, 'path' | 'since' | 'operationName'>, work: Work): AnyRow {
    return row<BackupTarget>({
      ...given,
      method: 'POST',
      dataAction: `${ACTION}/backup/start/action`,
      scope: 'root',
      readBody: readTarget,
      asked: ({ body }) => targetDetail(body),
      handle: (request) => start(kind, request, request.body, work),
    });
  }

  function restoring(
    { kind, member, rule, begin }: Restoring,
    given: Pick<Row, 'path' | 'since' | 'operationName'>,
  ): AnyRow {
    return row<RestoreRequest>({
      ...given,
      method: 'PUT',
      dataAction: `${ACTION}/restore/start/action`,
      scope: 'root',
      readBody: readRestore(member),
      asked: ({ body }) => targetDetail(body.target, body.folder),
      async handle(asked) {
        const { target: named, folder: within } = asked.body;
        // Comes first: what is opened, agreed to and put on record has the place's own name.
        const { uri, folder } = service.locate({ uri: named.storageResourceUri, folder: within });
        const target = { ...named, storageResourceUri: uri };
        const request = { ...asked, body: { target, folder } };
        const check = rule(request.params);
        try {
          check();
        } catch (refusal) {
          // Whoever names a backup that cannot be restored hears of that, and not of a rule that they would wait for in vain.
          const seen = await lookAtBackup(folder, (signal) => open(target, signal), service);
          if ('state' in seen) return refuse(kind, request, seen.error);
          throw refusal;
        }
        return begin(request);
      },
    });
  }

  function polling(kind: 'backup' | 'restore', given: Pick<Row, 'operationName'> & Partial<Row>): AnyRow {
    return row({
      ...given,
      method: 'GET',
      path: `/${kind}/:jobId/pending`,
      since: SINCE,
      dataAction: `${ACTION}/${kind}/status/action`,
      scope: 'root',
      async handle({ params }) {
        await engine.settle();
        const job = jobs.get(params['jobId'] ?? '');
        if (job === undefined || pollsAs(job.kind) !== kind) {
          throw new ServiceError(
            'NotFound',
            `There is no ${kind} job with this id; the last twenty jobs are remembered`,
          );
        }
        if (job.malformed && job.error !== null) {
          throw new ServiceError('BadRequest', job.error.message, { ofJob: true });
        }
        const headers = { 'Retry-After': retryAfter() };
        return { status: 200, body: jobShape(job), ...(job.status === 'InProgress' ? { headers } : {}) };
      },
    });
  }

  const full = { member: 'folderToRestore', rule: () => () => requireEarlierBackup(service) } as const;
  return [
    backingUp('backup', { path: '/backup', since: SINCE, operationName: 'BackupCreate' }, (storage, job) =>
      backUp(service, storage, job),
    ),
    backingUp('prebackup', { path: '/prebackup', since: CHECKS_SINCE, operationName: 'PreBackupCreate' }, checkBackUp),
    polling('backup', { operationName: 'BackupStatusGet' }),
    restoring(
      { ...full, kind: 'restore', begin: startRestore },
      { path: '/restore', since: SINCE, operationName: 'RestoreCreate' },
    ),
    restoring(
      {
        ...full,
        kind: 'prerestore',
        begin(request) {
          const { target, folder } = request.body;
          const work: Work = (storage, job) => checkRestore(service, storage, folder, job);
          return start('prerestore', request, target, work, { folder });
        },
      },
      { path: '/prerestore', since: CHECKS_SINCE, operationName: 'PreRestoreCreate' },
    ),
    restoring(
      {
        kind: 'key-restore',
        member: 'folder',
        rule: (params) => {
          const name = requireKeyName(params['name']);
          return () => rejectDeletedName(keys, name);
        },
        begin(request) {
          const { target, folder } = request.body;
          const name = requireKeyName(request.params['name']);
          const work: Work = (storage, job) => restoreKey(service, storage, { name, folder }, job, request.commit);
          return start('key-restore', request, target, work, { folder, more: `Folder: ${folder}` });
        },
      },
      { path: '/keys/:name/restore', since: SINCE, operationName: 'KeyRestoreFromBackup' },
    ),
    polling('restore', {
      operationName: 'RestoreStatusGet',
      duringRestore: true,
      alsoAllows: ({ jobId = '' }, { oid }) => {
        const job = jobs.get(jobId);
        const isOwn = job?.kind === 'restore' && job.status === 'Succeeded' && job.startedBy === oid;
        return isOwn ? `started restore ${jobId}` : undefined;
      },
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
