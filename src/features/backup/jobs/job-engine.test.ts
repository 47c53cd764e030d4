import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { feeding } from '../../../store/sealed/follow-records.ts';
import { StorageError } from '../storage/port.ts';
import { BackupJobs } from './backup-jobs.ts';
import type { Job } from './job.ts';
import { type Caller, JobEngine, type JobEngineOptions } from './job-engine.ts';
import { openMemoryRecords } from './memory-records.fixture.ts';
import type { RunningJob } from './run-job.ts';

/** Of the engine that was opened last. */
let records: JobEngineOptions['records'];
const caller: Caller = { oid: 'a', commit: (plan) => records.update(plan) };

async function openEngine(
  options: Partial<JobEngineOptions> = {},
): Promise<{ engine: JobEngine; jobs: BackupJobs; ends: Job[]; options: JobEngineOptions }> {
  const jobs = new BackupJobs();
  const ends: Job[] = [];
  const all: JobEngineOptions = {
    jobs,
    records: await openMemoryRecords(feeding(jobs.follows)),
    now: () => 1000,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    workers: { own: 'w1', isAlive: () => false },
    ended: async (job) => void ends.push(job),
    report: () => undefined,
    progressEveryMs: 1,
    ...options,
  };
  ({ records } = all);
  return { engine: new JobEngine(all), jobs, ends, options: all };
}

/** A piece of work that ends when it is told to. */
function held(): { readonly work: () => Promise<{ details: string }>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise.then(() => ({ details: 'done' })), end: () => resolve() };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('the folder that is written into is remembered until the backup has succeeded, or has taken it away', async () => {
  const { engine, jobs, ends } = await openEngine();
  const during: (string | undefined)[] = [];
  const { job } = await engine.start('backup', caller, async ({ id, writes }) => {
    await writes('file:///a/mhsm-1');
    await writes('file:///a/mhsm-2');
    during.push(jobs.get(id)?.writing);
    throw new StorageError('Full', 'no room');
  });
  await until(() => ends.length === 1);
  assert.deepEqual(during, ['file:///a/mhsm-2']);
  assert.deepEqual(
    jobs.leftovers.map(({ id, writing }) => [id, writing]),
    [[job.id, 'file:///a/mhsm-2']],
  );
  for (const work of [
    async () => ({ details: 'done' }),
    async ({ writes }: RunningJob) => {
      await writes(undefined);
      throw new StorageError('Full', 'no room');
    },
  ]) {
    await engine.start('backup', caller, async (running) => {
      await running.writes('file:///a/mhsm-3');
      return work(running);
    });
    await until(() => jobs.running === undefined);
  }
  assert.equal(jobs.leftovers.length, 1);
});

test('a second job is refused while one runs, and taken once it has ended', async () => {
  const { engine, jobs, ends } = await openEngine();
  const { work, end } = held();
  const { job } = await engine.start('backup', caller, work);
  assert.equal(jobs.running?.id, job.id);
  const second = engine.start('restore', caller, work);
  await assert.rejects(second, { code: 'Conflict', message: new RegExp(job.id) });
  end();
  await until(() => ends.length === 1);
  assert.equal(jobs.get(job.id)?.status, 'Succeeded');
  assert.equal(jobs.get(job.id)?.statusDetails, 'done');
  await engine.start('restore', caller, held().work);
});

test('a job of a worker that is gone is ended as lost by whoever looks next, and holds nothing up', async () => {
  const alive = new Set(['w2']);
  const shared = await openEngine({ workers: { own: 'w1', isAlive: (mark) => alive.has(mark) } });
  const other = new JobEngine({ ...shared.options, workers: { own: 'w2', isAlive: () => true } });
  const { job } = await other.start('restore', caller, held().work);
  assert.equal(shared.engine.isRestoring, true);
  await shared.engine.settle();
  assert.equal(shared.jobs.get(job.id)?.status, 'InProgress');
  alive.delete('w2');
  assert.equal(shared.engine.isRestoring, false);
  await shared.engine.settle();
  const lost = shared.jobs.get(job.id);
  assert.equal(`${lost?.status} ${lost?.error?.code} ${lost?.endTime}`, 'Failed WorkerLost 1000');
  assert.deepEqual(shared.ends, [lost]);
  await shared.engine.start('backup', caller, held().work);
});

test('what a lost job was about to commit is not committed, even if its worker was only thought dead', async () => {
  const shared = await openEngine();
  const slow = new JobEngine({ ...shared.options, workers: { own: 'w2', isAlive: () => true } });
  const { promise, resolve } = Promise.withResolvers<void>();
  let committed: unknown = 'nothing';
  await slow.start('restore', caller, async (job) => {
    await promise;
    const head = await shared.options.records.update(() => [
      { name: 'key/x/1', value: Buffer.from('restored') },
      job.succeeded('all'),
    ]);
    committed = head;
    return { details: 'all', head };
  });
  await shared.engine.settle();
  resolve();
  await slow[Symbol.asyncDispose]();
  assert.equal(committed, 'nothing');
});

test('when the service stops, the job is cancelled and says so', async () => {
  const { engine, jobs } = await openEngine();
  const { job } = await engine.start('backup', caller, async () => {
    await once(engine.stopping, 'abort');
    engine.stopping.throwIfAborted();
    return { details: '' };
  });
  await engine[Symbol.asyncDispose]();
  assert.equal(jobs.get(job.id)?.status, 'Canceled');
  assert.equal(jobs.get(job.id)?.error?.code, 'Stopped');
  await assert.rejects(engine.start('backup', caller, held().work));
});

test('progress is committed while the job runs; its last words stay when it fails', async () => {
  const { engine, jobs } = await openEngine();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { job } = await engine.start('backup', caller, async (running) => {
    running.progress('half of it');
    await promise;
    throw new StorageError('Full', 'the disk is full');
  });
  await until(() => jobs.get(job.id)?.statusDetails === 'half of it');
  resolve();
  await until(() => jobs.get(job.id)?.status === 'Failed');
  assert.deepEqual(jobs.get(job.id)?.error, { code: 'StorageFull', message: 'the disk is full' });
  assert.equal(jobs.get(job.id)?.statusDetails, 'half of it');
});

test('a failure that is not ours to explain is reported and says nothing of itself', async () => {
  const reported: unknown[] = [];
  const { engine, jobs } = await openEngine({ report: (_, error) => void reported.push(error) });
  const secret = new Error('sig=secret');
  const { job } = await engine.start('backup', caller, () => Promise.reject(secret));
  await until(() => jobs.get(job.id)?.status === 'Failed');
  assert.equal(jobs.get(job.id)?.error?.code, 'InternalServerError');
  assert.equal(JSON.stringify(jobs.get(job.id)).includes('secret'), false);
  assert.deepEqual(reported, [secret]);
});

test('a caller who was revoked meanwhile starts nothing', async () => {
  const { engine, jobs } = await openEngine();
  const revoked: Caller = { oid: 'a', commit: () => Promise.reject(new Error('revoked')) };
  await assert.rejects(engine.start('backup', revoked, held().work), /revoked/);
  assert.equal(jobs.running, undefined);
  await engine.start('backup', caller, held().work);
});

test('twenty ended jobs are remembered, and the first backup that succeeded for ever', async () => {
  let now = 0;
  const { engine, jobs, ends } = await openEngine({ now: () => ++now });
  const first = await engine.start('backup', caller, async () => ({ details: '' }));
  await until(() => ends.length === 1);
  const others: string[] = [];
  for (let count = 1; count <= 30; count++) {
    others.push((await engine.start('prebackup', caller, async () => ({ details: '' }))).job.id);
    await until(() => ends.length === count + 1);
  }
  assert.equal(jobs.get(first.job.id)?.status, 'Succeeded');
  assert.equal(jobs.earliestBackup, jobs.get(first.job.id)?.endTime);
  assert.equal(others.filter((id) => jobs.get(id) !== undefined).length, 20);
  assert.equal(jobs.get(others[0] ?? ''), undefined);
});
