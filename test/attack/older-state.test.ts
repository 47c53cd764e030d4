// Older files put back into the module's folder of an instance: they hand out no root keys, whether it runs or is started
// again, and it says what was done.
import assert from 'node:assert/strict';
import { copyFile, cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { makeCustodian } from '../../src/module/custodians.fixture.ts';
import { ask, newFolder, openModule } from '../../src/module/key-module.fixture.ts';
import { exchangeSeal, openOfflineModule } from '../../src/tools/seal/offline-module.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const LIST = '/keys?api-version=7.6';

function rootOf(instance: RunningInstance): string {
  return join(instance.folder, 'instances', 'test');
}

function lastEntry(instance: RunningInstance): Record<string, unknown> {
  const entries = [...openEntries(join(rootOf(instance), 'audit')).from(0)];
  return JSON.parse(entries.at(-1)?.text ?? '{}') as Record<string, unknown>;
}

test('the state of before activation, put back into an instance in use, settles no other custodians', async () => {
  await using instance = await startRunningInstance({ partitions: 2 });
  const module = join(rootOf(instance), 'module');
  const state = join(module, 'state.sealed');
  const [before, settled] = [join(instance.folder, 'before'), join(instance.folder, 'settled')];
  await copyFile(state, before);
  assert.equal((await instance.activate()).status, 202);
  await copyFile(state, settled);
  const token = await instance.adminToken();

  await copyFile(before, state);
  await rm(join(module, 'custodians.sealed'), { force: true });
  const attempt = await instance.activate();
  assert.equal(attempt.status, 503, attempt.text);
  assert.equal(attempt.text.includes('enc_key'), false);
  assert.equal((await instance.ask('GET', LIST, { token })).status, 403, 'it goes on as it was');
  // Partitions that died come back with what lies in the folder, and are not let in.
  for (const pid of instance.service.modulePids) process.kill(pid, 'SIGKILL');
  assert.equal((await instance.activate()).status, 503);

  for (let start = 0; start < 2; start++) {
    await assert.rejects(instance.restart(), { code: 'Refused', message: /of generation 1, the store's head of 2/ });
    const { operationName, resultDescription } = lastEntry(instance);
    assert.equal(operationName, 'StoreRefused');
    assert.match(String(resultDescription), /older files were put back into the module's folder/);
  }
  await instance.stop();
  await copyFile(settled, state);
  await instance.start();
  assert.equal((await instance.ask('GET', LIST, { token })).status, 403);
  assert.equal((await instance.activate()).status, 409, 'other custodians are settled');
});

test('a state of the same generation, made from an older one for other custodians, is of no partition that comes back', async () => {
  await using instance = await startRunningInstance({ partitions: 2 });
  const module = join(rootOf(instance), 'module');
  const elsewhere = newFolder();
  await cp(module, elsewhere, { recursive: true });
  assert.equal((await instance.activate()).status, 202);
  const settled = join(instance.folder, 'settled');
  await copyFile(join(module, 'state.sealed'), settled);
  {
    await using other = openModule(elsewhere);
    const strangers = await Promise.all(['d', 'e', 'f'].map((name) => makeCustodian(name)));
    const certificates = strangers.map(({ certificate }) => certificate);
    await ask(other, 'downloadSecurityDomain', { certificates, required: 2 });
    assert.equal((await ask(other, 'hello', {})).generation, 2);
  }
  await copyFile(join(elsewhere, 'state.sealed'), join(module, 'state.sealed'));
  const [pid] = instance.service.modulePids;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  const left = instance.service.modulePids.filter((each) => each !== pid);
  const token = await instance.adminToken();
  assert.equal((await instance.ask('GET', LIST, { token })).status, 403, 'it goes on with the other');
  for (const each of left) process.kill(each, 'SIGKILL');
  assert.equal((await instance.activate()).status, 503);
  await copyFile(settled, join(module, 'state.sealed'));
  assert.equal((await instance.activate()).status, 409, 'other custodians are settled');
});

test('older files of before an exchange of the seal, put over the newer ones, destroy no key of these', async () => {
  await using instance = await startRunningInstance();
  const module = join(rootOf(instance), 'module');
  const [older, newest] = [join(instance.folder, 'older'), join(instance.folder, 'newest')];
  const put = async (from: string, ...names: readonly string[]): Promise<void> => {
    for (const name of names) await copyFile(join(from, name), join(module, name));
  };
  const keyFiles = async (): Promise<string[]> => (await readdir(module)).filter((name) => name.endsWith('.key'));
  assert.equal((await instance.activate()).status, 202);
  await instance.stop();
  await cp(module, older, { recursive: true });
  {
    await using offline = await openOfflineModule(module);
    await exchangeSeal(offline, { kind: 'file' });
  }
  const [keyFile = ''] = await keyFiles();
  assert.match(keyFile, /^seal-/);
  await instance.start();
  await instance.stop();
  await cp(module, newest, { recursive: true });

  await put(older, 'state.sealed');
  await assert.rejects(instance.start(), {
    message: 'the module partition did not start: the key file of the module state, seal.key, is missing or is no key',
  });
  await instance.stop();
  await put(older, 'seal.key');
  await assert.rejects(instance.start(), { code: 'Refused', message: /of generation 2, the store's head of 3/ });
  await instance.stop();
  assert.deepEqual((await keyFiles()).toSorted(), [keyFile, 'seal.key'].toSorted());
  {
    // Nor does a seal that is made from the older state.
    await using offline = await openOfflineModule(module);
    await exchangeSeal(offline, { kind: 'file' });
  }
  await put(newest, 'state.sealed');
  await instance.start();
  assert.deepEqual(await keyFiles(), [keyFile], 'a start that was verified has cleaned up');
});
