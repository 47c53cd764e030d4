import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { InstancePids } from '../deployment/running-state.ts';
import { MAX_SUPERVISION_FRAME } from '../links/messages.ts';
import { watched } from '../links/watcher-messages.ts';
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
  const told: string[] = [];
  let heard = Promise.withResolvers<void>();
  const happened = (): void => {
    heard.resolve();
    heard = Promise.withResolvers<void>();
  };
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
    indexWanted: () => undefined,
    report: (text) => {
      told.push(text);
      if (/failed 5 times in a row/.test(text)) fails.resolve();
      happened();
    },
    changed: happened,
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await heard.promise;
  };
  /** What the workers of one index were started with, one after the other. */
  const starts = (index: number): readonly (readonly string[])[] =>
    readFileSync(join(folder, 'logs', `${name}-service-${index}.log`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { args: string[] }).args);
  return { instance, root, audit, fails: fails.promise, told, until, starts };
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

for (const role of ['service-0', 'recorder']) {
  test(`one whose ${role} did not start is replaced as soon as its program is right, and no later`, async () => {
    const { instance, root, audit, fails } = open(`mended-${role}`);
    await using _ = instance;
    await instance.start();
    const { pids } = instance;
    const broken = join(role === 'recorder' ? audit : root, 'broken');
    writeFileSync(broken, '');
    for (const pid of role === 'recorder' ? [pids.recorder ?? 0] : pids.service) process.kill(pid, 'SIGKILL');
    await fails;
    const refusal = { name: 'DoesNotStart', message: `mended-${role}/${role} does not start: it ended with code 3` };
    await assert.rejects(instance.replace(), refusal);
    rmSync(broken);
    await instance.replace();
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

test('new processes that are locked are none for those that are not', async () => {
  const { instance, root } = open('shut');
  await using _ = instance;
  await instance.start();
  const before = instance.pids;
  writeFileSync(join(root, 'locked'), '');
  await assert.rejects(instance.replace(), /the new ones do not serve: Locked: nobody opened it/);
  assert.deepEqual(instance.pids, before);
  assert.equal(instance.status.activation, 'Unknown');
  // Of one that is locked nothing is lost.
  await instance.stop();
  await instance.start();
  await instance.replace();
  assert.equal(instance.status.activation, 'Locked');
});

test('a worker that says too much of everything takes no room that is for others, and only what it says itself is left out', async () => {
  const { instance, root } = open('talkative');
  await using _ = instance;
  await instance.start();
  const asked = { kind: 'metrics' } as const;
  assert.deepEqual(await instance.askWorker(1, asked), { worker: 1, workers: 2, told: 'figures' });
  await instance.stop();
  writeFileSync(join(root, 'talkative'), '');
  await instance.start();
  assert.deepEqual(await instance.askWorker(1, asked), { worker: 1, workers: 2 });
  const { activation, message } = instance.status;
  assert.equal(activation, 'NotActivated');
  assert.ok(message.length <= 4_000, String(message.length));
  const { condition } = instance;
  assert.deepEqual(condition.modules, { ready: 2, wanted: 2 });
  const instances = Array.from({ length: 100 }, (_, nth) => ({ ...condition, name: `${nth}`.padStart(24, 'x') }));
  const said = { instances, processes: { control: true, managementRecorder: true } };
  assert.ok(watched.encode(said).length < MAX_SUPERVISION_FRAME / 2);
  assert.equal(watched.decode(watched.encode(said)).instances.length, 100);
});

test('a worker or a recorder that hangs does not count until it answers again, and is named', async () => {
  const { instance, until, told } = open('hung');
  await using _ = instance;
  await instance.start();
  const well = { workers: { ready: 2, wanted: 2 }, silent: 0, recorder: true };
  const hangs = async (pid: number, condition: typeof well, named: string): Promise<void> => {
    const now = () => {
      const { workers, silent, recorder } = instance.condition;
      return { workers, silent, recorder };
    };
    process.kill(pid, 'SIGSTOP');
    instance.probe();
    assert.deepEqual(now(), well, 'it has time until it is asked again');
    // Asked again before any of them can have answered: those that do not hang do it now.
    instance.probe();
    await until(() => isDeepStrictEqual(now(), condition));
    assert.deepEqual(
      told.filter((text) => text.includes(named)),
      [`hung/${named} runs and does not answer`],
    );
    process.kill(pid, 'SIGCONT');
    await until(() => isDeepStrictEqual(now(), well));
    assert.equal(told.at(-1), `hung/${named} answers again`);
    told.splice(0);
  };
  const { service, recorder } = instance.pids;
  await hangs(service[1] ?? 0, { ...well, workers: { ready: 1, wanted: 2 }, silent: 1 }, 'service-1');
  await hangs(recorder ?? 0, { ...well, recorder: false }, 'recorder');
});

test('workers have small numbers however often they are replaced', async () => {
  const { instance, starts, until } = open('numbered');
  await using _ = instance;
  await instance.start();
  for (let round = 0; round < 5; round++) {
    const { service } = instance.pids;
    await instance.replace();
    await until(() => !instance.pids.service.some((pid) => service.includes(pid)));
  }
  for (const index of [0, 1]) {
    const numbers = starts(index).map((args) => Number(args[args.indexOf('--worker') + 1]));
    assert.equal(numbers.length, 6);
    assert.ok(numbers.every((number, round) => number < 6 && number % 2 === index && number !== numbers[round - 1]));
  }
});

test('a worker that ends while it retires is not started again; one that starts beside others is told so', async () => {
  const { instance, root, told, until, starts } = open('visited');
  await using _ = instance;
  writeFileSync(join(root, 'visited'), '');
  await instance.start();
  process.kill(instance.pids.service[0] ?? 0, 'SIGKILL');
  await until(() => told.length > 0);
  await instance.whenReady();
  const old = instance.pids.service;
  await instance.replace();
  const fresh = instance.pids.service.filter((pid) => !old.includes(pid));
  const [first] = old;
  assert.ok(first !== undefined && instance.pids.service.includes(first), 'its clients are still there');
  process.kill(first, 'SIGKILL');
  process.kill(fresh[0] ?? 0, 'SIGKILL');
  await until(() => told.length > 1);
  await instance.whenReady();
  assert.deepEqual(told, Array(2).fill('visited/service-0 was ended by SIGKILL; starting it again'));
  assert.deepEqual(
    starts(0).map((args) => args.includes('--beside')),
    [false, true, true, true],
  );
});

test('a recorder that does not come back is told apart from workers that are not replaced, and is not started once all stops', async () => {
  const { instance, audit } = open('unrecorded');
  await using _ = instance;
  await instance.start();
  const { service } = instance.pids;
  writeFileSync(join(audit, 'broken'), '');
  let led = 0;
  await assert.rejects(
    instance.replace(() => (led += 1)),
    { name: 'DoesNotStart', message: /unrecorded\/recorder does not start/ },
  );
  assert.equal(led, 1);
  assert.equal(instance.pids.service.filter((pid) => !service.includes(pid)).length, 2);
  rmSync(join(audit, 'broken'));
  await instance.stop();
  await instance.start();
  let stopped: Promise<void> | undefined;
  await assert.rejects(
    instance.replace(() => {
      stopped = instance.stop();
    }),
    /was stopped/,
  );
  await stopped;
  assert.equal(instance.pids.recorder, null);
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
    indexWanted: () => undefined,
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
