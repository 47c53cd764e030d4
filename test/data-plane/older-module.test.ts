// An instance as a version before left it: the module's state without a generation, custodians in a file of their own, a store
// whose head names no state. It starts, is written anew, and its old form is not taken again.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { makeOld } from '../../src/module/old-state.fixture.ts';
import { openRecord, recordKey, sealNamed } from '../../src/module/records.ts';
import type { Provisioned } from '../../src/module/sealed-state.ts';
import { StateFile } from '../../src/module/state-file.ts';
import { readEntries } from '../support/audit-entries.ts';
import { startRunningInstance } from '../support/running-instance.ts';

/** The same head without what it says of the module. */
function makeOldHead(path: string, state: Provisioned): void {
  using store = new DatabaseSync(path);
  const key = recordKey(state, Buffer.from('head'));
  const row = store.prepare('SELECT revision, value FROM rows WHERE key = ?').get(key) as {
    readonly revision: number;
    readonly value: Uint8Array;
  };
  const {
    generation,
    state: _,
    log: _log,
    ...head
  } = JSON.parse(openRecord(state, key, row.revision, row.value).value.toString()) as Record<string, unknown>;
  assert.equal(generation, state.generation);
  const { sealed } = sealNamed(state, 'head', row.revision, Buffer.from(JSON.stringify(head)));
  store.prepare('UPDATE rows SET value = ? WHERE key = ?').run(sealed, key);
}

test('an instance of a version before is taken over at its next start, and never from its old files again', async () => {
  await using instance = await startRunningInstance({ partitions: 2 });
  const root = join(instance.folder, 'instances', 'test');
  const file = (name: string): string => join(root, 'module', name);
  assert.equal((await instance.activate()).status, 202);
  await instance.stop();
  const state = new StateFile(join(root, 'module')).load();
  assert.ok(state !== undefined);
  makeOld(join(root, 'module'), state);
  makeOldHead(join(root, 'store', 'store.db'), state);
  const old = ['state.sealed', 'custodians.sealed'].map((name) => [name, readFileSync(file(name))] as const);

  await instance.start();
  const token = await instance.adminToken();
  assert.equal((await instance.ask('GET', '/keys?api-version=7.6', { token })).status, 403);
  assert.equal((await instance.activate()).status, 409, 'its custodians are those that it had');
  assert.equal(existsSync(file('custodians.sealed')), false);
  assert.equal(readEntries(instance).filter(({ operationName }) => operationName === 'ModuleStateRecorded').length, 1);
  await instance.restart();
  assert.equal((await instance.activate()).status, 409);

  await instance.stop();
  for (const [name, bytes] of old) writeFileSync(file(name), bytes);
  await assert.rejects(instance.start(), { code: 'Refused', message: /of generation 0, the store's head of 1/ });
  await instance.stop();
});
