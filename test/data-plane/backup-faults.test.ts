// What happens when the place of a backup fails, the service stops, or somebody else wants something meanwhile.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StorageError } from '../../src/features/backup/storage/port.ts';
import { endOnRecord, readEntries } from '../support/audit-entries.ts';
import { backedUp, directoryUri, ended, type JobShape, startBackup, startRestore } from '../support/backup-jobs.ts';
import { type FaultyStorage, faultyStorage } from '../support/faulty-storage.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let folder: string;
let uri: string;
let storage: FaultyStorage;
let instance: RunningInstance;
let token: string;
let userToken: string;
let time = Math.floor(Date.now() / 1000);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-faults-'));
  uri = directoryUri(folder);
  storage = faultyStorage(folder);
  instance = await startRunningInstance({ openStorage: storage.open, systemNow: () => time });
  await instance.activate();
  token = await instance.adminToken();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  userToken = await instance.issuer.token(user);
  for (const name of ['one', 'two', 'three']) {
    const made = await use('POST', `/keys/${name}/create`, { kty: 'oct', key_size: 256 });
    assert.equal(made.status, 200, made.text);
  }
});
after(async () => {
  await instance[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  storage.before = () => undefined;
});

const use = (method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token: userToken, ...(body === undefined ? {} : { body }) });

const failure = ({ status, error }: JobShape): string => `${status} ${error?.code}`;

/** Holds the storage at one act until it is let go. */
function hold(
  act: 'write' | 'read' | 'finish',
  name: RegExp,
): { readonly reached: Promise<void>; readonly go: () => void } {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  storage.before = async (what, file) => {
    if (what !== act || !name.test(file)) return;
    reached.resolve();
    await go.promise;
  };
  return { reached: reached.promise, go: () => go.resolve() };
}

test('a disk that is full in the middle of a backup fails the job, and no folder is offered', async () => {
  for (const name of ['keys-00001', 'records-00001', 'manifest.json', 'manifest.note']) {
    const there = await readdir(folder);
    storage.before = (act, file) => {
      if (act === 'write' && file === name)
        throw new StorageError('Full', 'no space is left; make room and start again');
    };
    const job = await ended(instance, token, await startBackup(instance, token, uri));
    assert.equal(failure(job), 'Failed StorageFull');
    assert.match(job.error?.message ?? '', /make room/);
    assert.equal(job.azureStorageBlobContainerUri, null);
    assert.deepEqual(await readdir(folder), there, 'what was begun is taken away');
  }
  storage.before = () => undefined;
  assert.match(await backedUp(instance, token, uri), /^mhsm-test-/);
});

test('while a backup runs the instance serves, takes no second job, and the backup is of the moment it began', async () => {
  const { reached, go } = hold('write', /keys/);
  const started = await startBackup(instance, token, uri);
  await reached;
  const second = await startBackup(instance, token, uri);
  assert.equal(second.status, 409, second.text);
  assert.match(second.text, /one at a time/);
  assert.equal((await use('POST', '/keys/meanwhile/create', { kty: 'oct', key_size: 256 })).status, 200);
  go();
  const job = await ended(instance, token, started);
  const manifest = await readFile(join(fileURLToPath(job.azureStorageBlobContainerUri ?? ''), 'manifest.json'), 'utf8');
  const { keys, versions } = (JSON.parse(manifest) as { counts: { keys: number; versions: number } }).counts;
  assert.deepEqual([keys, versions], [3, 3]);
  assert.equal((await use('DELETE', '/keys/meanwhile')).status, 200);
});

test('during a full restore every other request is answered 503 by every worker, and the status goes on', async () => {
  const name = await backedUp(instance, token, uri);
  time += 1800;
  await using worker = await instance.startWorker();
  const { reached, go } = hold('read', /keys/);
  const started = await startRestore(instance, token, uri, name);
  await reached;
  for (const path of ['/keys', '/keys/one', '/settings', '/backup/x/pending']) {
    const reply = await use('GET', path);
    assert.equal(reply.status, 503, reply.text);
    assert.equal(reply.headers['retry-after'], '1');
    assert.equal(
      (reply.json as { error: { innererror: { code: string } } }).error.innererror.code,
      'RestoreInProgress',
    );
  }
  assert.equal((await startBackup(instance, token, uri)).status, 503);
  const { jobId } = started.json as JobShape;
  const polled = await instance.ask('GET', `/restore/${jobId}/pending`, { token });
  assert.equal((polled.json as JobShape).status, 'InProgress');
  assert.equal(await statusOf(worker.port, '/keys?api-version=7.6'), 503);
  assert.equal(await statusOf(worker.port, `/restore/${jobId}/pending`), 200);
  go();
  assert.equal((await ended(instance, token, started)).status, 'Succeeded');
  assert.equal((await use('GET', '/keys/one')).status, 200);
  assert.equal(await statusOf(worker.port, '/keys/one?api-version=7.6'), 200);
});

/** Of another worker, as the user or, for polls, the administrator. */
async function statusOf(port: number, path: string): Promise<number> {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'test.managedhsm.azure.net',
      authorization: `Bearer ${path.includes('pending') ? token : userToken}`,
    };
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        headers,
        ca: instance.ca,
        servername: 'test.managedhsm.azure.net',
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

test('a place that is gone in the middle of a restore leaves the old state, and the instance serves again', async () => {
  const name = await backedUp(instance, token, uri);
  time += 1800;
  assert.equal((await use('POST', '/keys/newest/create', { kty: 'oct', key_size: 256 })).status, 200);
  const state = (await use('GET', '/keys')).text;
  for (const file of ['manifest.json', 'manifest.note', 'keys-00001', 'records-00001']) {
    storage.before = (act, read) => {
      if (act === 'read' && read === file)
        throw new StorageError('Unavailable', 'the container cannot be reached; try again');
    };
    const job = await ended(instance, token, await startRestore(instance, token, uri, name));
    assert.equal(failure(job), 'Failed StorageUnavailable');
    assert.equal((await use('GET', '/keys')).text, state);
  }
});

test('a stop ends a backup and a restore as cancelled, and nothing is left half done', async () => {
  const name = await backedUp(instance, token, uri);
  time += 1800;
  const state = (await use('GET', '/keys')).text;
  for (const restoring of [false, true]) {
    const there = await readdir(folder);
    const { reached, go } = hold(restoring ? 'read' : 'write', /records/);
    const started = restoring
      ? await startRestore(instance, token, uri, name)
      : await startBackup(instance, token, uri);
    await reached;
    const told = once(storage.stopping, 'abort');
    const restarted = instance.restart();
    // A job that goes on before it is told to stop may end before that, too.
    await told;
    go();
    await restarted;
    storage.before = () => undefined;
    const job = await ended(instance, token, started);
    assert.equal(failure(job), 'Canceled Stopped');
    assert.equal((await use('GET', '/keys')).text, state);
    for (const left of (await readdir(folder)).filter((each) => !there.includes(each))) {
      const offered = await ended(instance, token, await startRestore(instance, token, uri, left));
      assert.equal(failure(offered), 'Failed BackupIncomplete');
    }
  }
});

test('starts and ends of jobs are in the log, with job and folder, and without what opens the storage', async () => {
  const name = await backedUp(instance, token, uri);
  const begun = readEntries(instance).findLast(({ operationName }) => operationName === 'BackupCreate');
  const [id = ''] = /[0-9a-f]{32}/.exec(String(begun?.['resultDescription'])) ?? [];
  assert.notEqual(id, '');
  const said = String((await endOnRecord(instance, 'BackupEnd', id))['resultDescription']);
  const entries = readEntries(instance);
  assert.ok(said.includes(name), said);
  assert.ok(entries.some((entry) => entry['operationName'] === 'RestoreEnd' && entry['resultSignature'] === 'Stopped'));
  assert.ok(
    entries.some((entry) => entry['operationName'] === 'BackupEnd' && entry['resultSignature'] === 'StorageFull'),
  );
});
