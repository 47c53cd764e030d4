import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { feeding } from '../../store/sealed/follow-records.ts';
import { BackupJobs } from './jobs/backup-jobs.ts';
import { type Job, jobChange } from './jobs/job.ts';
import { openMemoryRecords } from './jobs/memory-records.fixture.ts';
import { clearLeftDirectories, clearLeftovers, type Leaving } from './leftovers.ts';
import { DirectoryStorage } from './storage/directory/directory-storage.ts';
import { type BackupStorage, type OpenStorage, StorageError } from './storage/port.ts';

const stopping = new AbortController().signal;
let root: string;
let uri: string;
let reports: string[];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'strongroom-leftovers-')));
  uri = pathToFileURL(root).href;
  reports = [];
});
afterEach(() => rmSync(root, { recursive: true }));

const open = (): BackupStorage => new DirectoryStorage({ uri, root, keepsAll: false, stopping });
const opening: OpenStorage = async () => open();

function job(id: string, changes: Partial<Job>): Job {
  return {
    id: id.repeat(32),
    kind: 'backup',
    status: 'Failed',
    statusDetails: '',
    startTime: 1,
    endTime: 2,
    error: { code: 'WorkerLost', message: '' },
    malformed: false,
    folderUri: null,
    startedBy: 'a',
    worker: 'w',
    ...changes,
  };
}

async function having(...all: Job[]): Promise<Leaving> {
  const jobs = new BackupJobs();
  const records = await openMemoryRecords(feeding(jobs.follows));
  await records.update(() => all.map(jobChange));
  return { jobs, records, report: (what) => void reports.push(what) };
}

test('what a job that ended badly wrote is taken away at the next start, and is remembered no more', async () => {
  await open().write('mhsm-a-1', 'keys-00001', Buffer.from('1'));
  const leaving = await having(job('a', { writing: `${uri}/mhsm-a-1` }));
  await clearLeftDirectories(leaving, opening, stopping);
  assert.deepEqual(readdirSync(root), []);
  assert.deepEqual(leaving.jobs.leftovers, []);
  assert.equal(leaving.jobs.get('a'.repeat(32))?.error?.code, 'WorkerLost', 'the rest of the job stays');
});

test('neither what others have begun, nor what is being written, nor what was finished is touched', async () => {
  const storage = open();
  for (const folder of ['mhsm-a-1', 'mhsm-a-2', 'mhsm-a-3'])
    await storage.write(folder, 'keys-00001', Buffer.from('1'));
  await storage.finish('mhsm-a-3');
  const leaving = await having(
    job('a', { status: 'InProgress', endTime: null, writing: `${uri}/mhsm-a-2` }),
    job('b', { writing: `${uri}/mhsm-a-3` }),
  );
  await clearLeftDirectories(leaving, opening, stopping);
  assert.deepEqual(readdirSync(root), ['mhsm-a-1', 'mhsm-a-2', 'mhsm-a-3']);
  assert.deepEqual(readdirSync(join(root, 'mhsm-a-3')).sort(), ['complete', 'keys-00001']);
});

test('a container is cleared by the backup that opens it again, and by none of another place', async () => {
  await open().write('mhsm-a-1', 'keys-00001', Buffer.from('1'));
  const leaving = await having(job('a', { writing: 'https://a.example/c/mhsm-a-1' }));
  await clearLeftDirectories(leaving, () => assert.fail('a start has no credential for a container'), stopping);
  await clearLeftovers(leaving, open());
  assert.equal(leaving.jobs.leftovers.length, 1);
  const abandoned: string[] = [];
  const container = { uri: 'https://a.example/c', abandon: async (folder: string) => void abandoned.push(folder) };
  await clearLeftovers(leaving, container as unknown as BackupStorage);
  assert.deepEqual(abandoned, ['mhsm-a-1']);
  assert.deepEqual(leaving.jobs.leftovers, []);
});

test('a place that fails is told of, holds nothing up, and is tried again', async () => {
  const leaving = await having(job('a', { writing: `${uri}/mhsm-a-1` }));
  const fails = { uri, abandon: () => Promise.reject(new StorageError('Unavailable', 'no')) };
  await clearLeftovers(leaving, fails as unknown as BackupStorage);
  await clearLeftDirectories(leaving, () => Promise.reject(new StorageError('NotFound', 'no')), stopping);
  assert.equal(reports.length, 2);
  assert.equal(leaving.jobs.leftovers.length, 1);
});
