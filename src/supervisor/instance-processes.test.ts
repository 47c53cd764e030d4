import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { InstancePids } from '../deployment/running-state.ts';
import { InstanceProcesses } from './instance-processes.ts';

const CHILD = fileURLToPath(new URL('child.fixture.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));

/** Two workers and a recorder that are stand-ins; `fails` resolves when one of them has failed too often. */
function open(name: string) {
  const root = join(folder, name);
  const audit = join(root, 'audit');
  mkdirSync(audit, { recursive: true, mode: 0o700 });
  const fails = Promise.withResolvers<void>();
  const instance = new InstanceProcesses({
    name,
    id: 'a7c1e5b0-5d0e-4e0c-9f0b-0a4f0f6f5b6a',
    root,
    audit,
    logs: join(folder, 'logs'),
    workers: 2,
    partitions: 1,
    frontToken: new Uint8Array(32),
    entries: { service: CHILD, recorder: CHILD },
    report: (text) => /failed 5 times in a row/.test(text) && fails.resolve(),
    changed: () => {},
  });
  return { instance, root, audit, fails: fails.promise };
}

for (const [role, of] of [
  ['service-0', (pids: InstancePids) => pids.service],
  ['recorder', (pids: InstancePids) => [...pids.service, pids.recorder ?? 0]],
] as const) {
  test(`an update of one whose ${role} does not start is refused with its name, and is taken after a restart`, async () => {
    const { instance, root, audit, fails } = open(`lame-${role}`);
    await using _ = instance;
    await instance.start();
    const broken = join(role === 'recorder' ? audit : root, 'broken');
    writeFileSync(broken, '');
    for (const pid of of(instance.pids)) process.kill(pid, 'SIGKILL');
    await fails;
    const refusal = { name: 'DoesNotStart', message: `lame-${role}/${role} does not start: it ended with code 3` };
    await assert.rejects(instance.update({ purgeProtection: true }), refusal);
    await assert.rejects(instance.whenReady(), refusal);
    rmSync(broken);
    await instance.stop();
    await instance.start();
    await instance.update({ purgeProtection: true });
  });
}

test('an update that no worker takes, and after which none starts, is not said to be taken', async () => {
  const { instance, root } = open('refuses');
  await using _ = instance;
  await instance.start();
  writeFileSync(join(root, 'broken'), '');
  await assert.rejects(instance.update({ purgeProtection: true }), { name: 'DoesNotStart' });
});

test('processes are replaced by new ones; where those do not start, the ones before go on', async () => {
  const { instance, root, audit } = open('replaced');
  await using _ = instance;
  await instance.start();
  const before = instance.pids;
  await instance.replace();
  const { service, recorder } = instance.pids;
  assert.notEqual(recorder, before.recorder);
  const fresh = service.filter((pid) => !before.service.includes(pid));
  assert.equal(fresh.length, 2);
  writeFileSync(join(root, 'broken'), '');
  await assert.rejects(instance.replace(), { name: 'DoesNotStart', message: /replaced\/service-0 does not start/ });
  assert.deepEqual(
    fresh.filter((pid) => !instance.pids.service.includes(pid)),
    [],
  );
  assert.notEqual(instance.status.port, 0);
  // Nothing is left of one that is replaced while it stops.
  rmSync(join(root, 'broken'));
  assert.equal(audit, join(root, 'audit'));
  const replaced = instance.replace();
  await Promise.all([assert.rejects(replaced), instance.stop()]);
  assert.deepEqual(instance.pids.service, []);
});

test('from the moment that it is to stop nobody is led to its port, which another program may take', async () => {
  mkdirSync(join(folder, 'dev'), { mode: 0o700 });
  const told: number[] = [];
  const instance: InstanceProcesses = new InstanceProcesses({
    name: 'dev',
    id: 'a7c1e5b0-5d0e-4e0c-9f0b-0a4f0f6f5b6a',
    root: join(folder, 'dev'),
    audit: join(folder, 'dev', 'audit'),
    logs: join(folder, 'logs'),
    workers: 2,
    partitions: 1,
    frontToken: new Uint8Array(32),
    entries: { service: CHILD, recorder: CHILD },
    report: (text) => assert.fail(text),
    changed: () => told.push(instance.status.port),
  });
  await using _ = instance;
  await instance.start();
  assert.equal(told.at(-1), 4242);
  const stopped = instance.stop();
  assert.ok(instance.pids.service.length === 2, 'they have not ended yet');
  assert.equal(told.at(-1), 0);
  const soFar = told.length;
  await stopped;
  assert.deepEqual([...new Set(told.slice(soFar))], [0]);
});
