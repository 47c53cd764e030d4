// Older files put back into the module's folder of an instance: they hand out no root keys, whether it runs or is started
// again, and it says what was done.
import assert from 'node:assert/strict';
import { copyFile, cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCustodian } from '../../src/crypto/module/custodians.fixture.ts';
import { ask, newFolder, openModule } from '../../src/crypto/module/key-module.fixture.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
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
