// Root keys are made for a new instance only: where records are, their loss is an error and not a beginning.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRunningInstance } from '../support/running-instance.ts';

test('a module without its state makes no new root keys while store or log have records', async () => {
  await using instance = await startRunningInstance();
  const root = join(instance.folder, 'instances', 'test');
  const state = join(root, 'module', 'state.sealed');
  const kept = join(root, 'state.kept');
  assert.equal((await instance.activate()).status, 202);
  await instance.stop();
  await rename(state, kept);
  await assert.rejects(instance.restart(), /the module has no state/);
  await rename(join(root, 'store'), join(root, 'store.kept'));
  await mkdir(join(root, 'store'), { mode: 0o700 });
  await assert.rejects(instance.restart(), /the module has no state/);
  assert.equal(existsSync(state), false);
  await instance.stop();
  await rm(join(root, 'store'), { recursive: true, force: true });
  await rename(join(root, 'store.kept'), join(root, 'store'));
  await rename(kept, state);
  await instance.restart();
  const reply = await instance.ask('GET', '/keys?api-version=7.6', { token: await instance.adminToken() });
  assert.equal(reply.status, 403, reply.text);
});
