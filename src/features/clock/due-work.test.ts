import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DueJob, openDueWork } from './due-work.ts';

test('a job runs once its time has come and not before, on what other workers have committed', async () => {
  let time = 10;
  const calls: string[] = [];
  const job: DueJob = { name: 'job', nextDue: () => 20, run: async () => void calls.push('run') };
  await using work = openDueWork({
    jobs: [job],
    now: () => time,
    refresh: async () => void calls.push('refresh'),
    report: () => assert.fail(),
  });
  await work.look();
  assert.deepEqual(calls, ['refresh']);
  time = 20;
  await work.look();
  assert.deepEqual(calls, ['refresh', 'refresh', 'run']);
});

test('a job that fails is reported and keeps no other from running', async () => {
  const reports: unknown[] = [];
  let ran = 0;
  await using work = openDueWork({
    jobs: [
      { name: 'broken', nextDue: () => 0, run: () => Promise.reject(new Error('no')) },
      { name: 'well', nextDue: () => 0, run: async () => void ran++ },
    ],
    now: () => 1,
    refresh: () => undefined,
    report: (name, error) => void reports.push([name, (error as Error).message]),
  });
  await work.look();
  assert.deepEqual([reports, ran], [[['broken', 'no']], 1]);
});

test('a look that is asked for during another one follows it, and nothing runs once it is closed', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const work = openDueWork({
    jobs: [
      {
        name: 'job',
        nextDue: () => 0,
        run: async () => {
          runs++;
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
        },
      },
    ],
    now: () => 1,
    refresh: () => undefined,
    report: () => assert.fail(),
  });
  await Promise.all([work.look(), work.look(), work.look()]);
  assert.deepEqual([runs, most], [2, 1]);
  await work[Symbol.asyncDispose]();
  await work.look();
  assert.equal(runs, 2);
});
