// Whoever owns the files puts an older store and log back and deletes what would betray them: the instance does not start, and
// goes on only with what its operator accepts, which is on record.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const LIST = '/keys?api-version=7.6';
const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';
const WITNESS = /^(head|checkpoint-\d+)\.sealed$/;

interface Place {
  readonly instance: RunningInstance;
  /** Had a role, which was taken away after the older copies were made. */
  readonly revoked: string;
  rollBack(): Promise<void>;
  remove(pattern: RegExp): Promise<void>;
}

async function place(): Promise<Place> {
  const instance = await startRunningInstance();
  const root = join(instance.folder, 'instances', 'test');
  assert.equal((await instance.activate()).status, 202);
  const revoked = randomUUID();
  await instance.assign('Managed HSM Crypto User', revoked);
  await instance.stop();
  for (const part of ['store', 'audit'])
    await cp(join(root, part), join(instance.folder, 'older', part), { recursive: true });
  await instance.start();
  const token = await instance.adminToken();
  const list = await instance.ask('GET', `${ASSIGNMENTS}?api-version=7.6`, { token });
  const { value } = list.json as { value: { name: string; properties: { principalId: string } }[] };
  const name = value.find(({ properties }) => properties.principalId === revoked)?.name ?? '';
  assert.equal((await instance.ask('DELETE', `${ASSIGNMENTS}/${name}?api-version=7.6`, { token })).status, 200);
  assert.equal((await instance.ask('GET', LIST, { token: await instance.issuer.token(revoked) })).status, 403);
  await instance.stop();
  return {
    instance,
    revoked,
    async rollBack() {
      for (const part of ['store', 'audit']) {
        await rm(join(root, part), { recursive: true });
        await cp(join(instance.folder, 'older', part), join(root, part), { recursive: true });
      }
    },
    async remove(pattern) {
      const module = join(root, 'module');
      for (const name of await readdir(module)) if (pattern.test(name)) await rm(join(module, name));
    },
  };
}

function accept(instance: RunningInstance, ...words: readonly string[]) {
  return runStrongroom('instance', 'accept', 'test', '--data', instance.folder, ...words);
}

test('with the witnesses deleted an older store and log do not start, until what is there is accepted', async () => {
  const { instance, revoked, rollBack, remove } = await place();
  await using _instance = instance;
  const refused = {
    code: 'Refused',
    message:
      /newest store and log is missing \(head\.sealed, checkpoint-\*\.sealed\).* audit verify --hsm-name test --checkpoint FILE, .*instance accept test --reason/,
  };
  assert.match((await accept(instance, '--reason', 'x')).stderr, /there is nothing to accept/);
  await rollBack();
  await remove(WITNESS);
  for (let start = 0; start < 2; start++) {
    await assert.rejects(instance.start(), refused);
    await instance.stop();
  }
  assert.match((await accept(instance)).stderr, /say why with --reason/);
  const done = await accept(instance, '--reason', 'only\u001b[31m for the drill', '--json');
  assert.equal(done.code, 0, done.stderr);
  const { store, log } = JSON.parse(done.stdout) as {
    store: { sequence: number; hash: string };
    log: { size: number; root: string };
  };
  await instance.start();
  const entries = readEntries(instance);
  const entry = entries.find(({ operationName }) => operationName === 'MissingWitnessAccepted');
  const said = String(entry?.['resultDescription']);
  for (const part of [`of sequence ${store.sequence} `, log.root, 'only [31m for the drill'])
    assert.ok(said.includes(part), said);
  const { acceptedBy, acceptedAt, ...detail } = (entry?.['properties'] as { detail: Record<string, unknown> }).detail;
  assert.deepEqual(detail, {
    missing: ['store', 'log'],
    head: store.sequence,
    headHash: store.hash,
    logSize: log.size,
    logRoot: log.root,
    reason: 'only [31m for the drill',
  });
  assert.equal(acceptedBy, userInfo().username);
  assert.ok(!Number.isNaN(Date.parse(String(acceptedAt))));
  const shown = await runStrongroom('audit', 'show', '--data', instance.folder, '--hsm-name', 'test', '--last', '30');
  assert.match(shown.stdout, /MissingWitnessAccepted.* missing=.*acceptedBy=/);
  assert.equal(
    (await instance.ask('GET', LIST, { token: await instance.issuer.token(revoked) })).status,
    200,
    'as accepted',
  );
  // It was good once, and the witnesses are there again.
  await instance.restart();
  await instance.stop();
  await remove(WITNESS);
  await assert.rejects(instance.start(), refused);
  await instance.stop();
});

test('what is left as evidence is not accepted away', async () => {
  const { instance, rollBack, remove } = await place();
  await using _instance = instance;
  await rollBack();
  await remove(/^checkpoint-/);
  await assert.rejects(instance.start(), {
    message: /witness of the newest log is missing \(checkpoint-\*\.sealed\),/,
  });
  await instance.stop();
  assert.equal((await accept(instance, '--reason', 'none')).code, 0);
  await assert.rejects(instance.start(), { message: /the store is older than what was seen.* seen by the module/ });
  await instance.stop();
});

test('a log that was cut is not vouched for by a file that only has the name of a witness', async () => {
  const { instance, remove } = await place();
  await using _instance = instance;
  const root = join(instance.folder, 'instances', 'test');
  await rm(join(root, 'audit'), { recursive: true });
  await cp(join(instance.folder, 'older', 'audit'), join(root, 'audit'), { recursive: true });
  await remove(/^checkpoint-/);
  await writeFile(join(root, 'module', 'checkpoint-0.sealed'), '');
  await assert.rejects(instance.start());
  await instance.stop();
  await remove(/^checkpoint-/);
  await assert.rejects(instance.start(), { message: /witness of the newest log is missing/ });
  await instance.stop();
});

test('an older log is not vouched for by the witness of its time: the store knows of a newer one', async () => {
  await using instance = await startRunningInstance();
  const root = join(instance.folder, 'instances', 'test');
  assert.equal((await instance.activate()).status, 202);
  await instance.stop();
  for (const part of ['audit', 'module'])
    await cp(join(root, part), join(instance.folder, 'older', part), { recursive: true });
  await instance.start();
  const assign = () => instance.assign('Managed HSM Crypto User', randomUUID());
  await assign();
  // The whole log is signed at its end, and the next commit says so.
  await instance.restart();
  await assign();
  await instance.stop();
  await rm(join(root, 'audit'), { recursive: true });
  await cp(join(instance.folder, 'older', 'audit'), join(root, 'audit'), { recursive: true });
  const checkpoint = /^checkpoint-/;
  const [module, older] = [join(root, 'module'), join(instance.folder, 'older', 'module')];
  for (const name of await readdir(module)) if (checkpoint.test(name)) await rm(join(module, name));
  for (const name of await readdir(older)) if (checkpoint.test(name)) await cp(join(older, name), join(module, name));
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(instance.start(), { code: 'Refused', message: /audit log was cut .* the store's head knows/ });
    await instance.stop();
  }
});
