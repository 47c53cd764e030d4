// A log that was put back to an older copy is not gone on with, even where the store is the right one.
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRunningInstance } from '../support/running-instance.ts';

test('with a log shorter than the one last signed an instance does not start, with the whole one it does', async () => {
  await using instance = await startRunningInstance();
  const log = join(instance.folder, 'instances', 'test', 'audit');
  const [older, newest] = [join(instance.folder, 'older'), join(instance.folder, 'newest')];
  assert.equal((await instance.activate()).status, 202);
  await instance.restart();
  await cp(log, older, { recursive: true });
  const token = await instance.adminToken();
  // Refusals change no record of the store, so only the size of the log can tell.
  for (let n = 0; n < 5; n++) assert.equal((await instance.ask('GET', '/keys?api-version=7.6', { token })).status, 403);
  await instance.restart();
  await instance.stop();
  await cp(log, newest, { recursive: true });
  for (let attempt = 0; attempt < 2; attempt++) {
    await rm(log, { recursive: true });
    await cp(older, log, { recursive: true });
    await assert.rejects(instance.restart(), { code: 'Refused', message: /the audit log was cut or exchanged/ });
  }
  await instance.stop();
  await rm(log, { recursive: true });
  await cp(newest, log, { recursive: true });
  await instance.restart();
  assert.equal((await instance.ask('GET', '/keys?api-version=7.6', { token })).status, 403);
});
