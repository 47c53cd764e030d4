import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { places } from '../deployment/data-layout.ts';
import { devSurroundings } from '../deployment/dev-surroundings.ts';
import { readInstanceConfig } from '../deployment/instance.ts';
import { readPurgeRecord } from '../deployment/purge-record.ts';
import { UNDER_WAY } from '../deployment/stop-flag.ts';
import { readIfThere } from '../files/read-if-there.ts';
import { OPEN_NETWORK } from '../formats/network-rules.ts';
import type { InstanceStatus } from '../links/instance-host.ts';
import { ProvisionRefused } from '../links/provision-request.ts';
import { Instances } from './instances.ts';
import type { HostAct } from './record-host-act.ts';

const CHILD = fileURLToPath(new URL('child.fixture.ts', import.meta.url));
const TENANT = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));

function request(name: string) {
  return {
    name,
    tenantId: TENANT,
    resourceId: `/subscriptions/${TENANT}/resourceGroups/rg/providers/Microsoft.KeyVault/managedHSMs/${name}`,
    region: 'local',
    initialAdministrators: [TENANT],
    softDeleteRetentionInDays: 7,
    purgeProtection: false,
    network: OPEN_NETWORK,
  };
}

/** Instances whose recorder and service are stand-ins. */
function open(root: string, port = 8443, now = Date.now, report: (text: string) => void = assert.fail) {
  const at = places(root);
  mkdirSync(root, { recursive: true });
  const changes: [string, InstanceStatus][] = [];
  const acts: HostAct[] = [];
  const log = { isFull: false };
  const instances = new Instances({
    places: at,
    plan: {
      frontToken: new Uint8Array(32),
      logs: join(root, 'logs'),
      workers: 2,
      partitions: 1,
      entries: { service: CHILD, recorder: CHILD },
      indexWanted: () => undefined,
      report,
    },
    aliases: { of: () => [], owner: (name) => (name === 'consumers' ? 'dev' : undefined) },
    now,
    record: (act) => {
      if (log.isFull) return Promise.reject(new Error('the log is full'));
      acts.push(act);
      return Promise.resolve();
    },
    profile: {
      tenantId: TENANT,
      made: () => ({ profile: 'dev' }),
      surroundings: (name) => devSurroundings(name, TENANT, port, at.caCertificate),
      identity: () => ({}),
      ensureCertificate: () => Promise.resolve(),
      refusal: () => undefined,
      prepare: () => Promise.resolve(),
    },
    changed: (name, status) => changes.push([name, status]),
  });
  return { at, instances, changes, acts, log };
}

const code = (wanted: string) => (error: unknown) => error instanceof ProvisionRefused && error.code === wanted;

test('provisioning makes an instance with its own processes, and is told when it serves', async () => {
  const { at, instances, changes } = open(join(folder, 'a'));
  await using _ = instances;
  await instances.provision(request('dev'));
  const config = readInstanceConfig(at.instance('dev').config);
  assert.deepEqual(config.initialAdministrators, [TENANT]);
  assert.deepEqual(
    config.hostNames.map(({ authority }) => authority),
    [
      'dev.managedhsm.azure.net',
      'dev.vault.azure.net',
      'dev.managedhsm.localhost:8443',
      'dev.vault.localhost:8443',
      'dev.managedhsm.azure.net:8443',
      'dev.vault.azure.net:8443',
      'dev.managedhsm.localhost',
      'dev.vault.localhost',
      'dev.resource-manager.internal',
    ],
  );
  assert.equal(config.issuers[0]?.caFile, at.caCertificate);
  assert.equal(instances.statuses.get('dev')?.port, 4242);
  assert.equal(changes.at(-1)?.[1].port, 4242);
  const pids = instances.pids['dev'];
  assert.equal(new Set([pids?.recorder, ...(pids?.service ?? [])]).size, 3);
});

test('the same request again finds it made; another one for the name never replaces it', async () => {
  const { at, instances } = open(join(folder, 'b'));
  await using _ = instances;
  await instances.provision(request('dev'));
  const before = readFileSync(at.instance('dev').config, 'utf8');
  await instances.provision(request('dev'));
  await assert.rejects(instances.provision({ ...request('dev'), region: 'other' }), code('AlreadyExists'));
  await assert.rejects(instances.provision(request('DEV')), code('AlreadyExists'));
  await assert.rejects(instances.provision({ ...request('dev'), issuers: [] }), code('BadRequest'));
  assert.equal(readFileSync(at.instance('dev').config, 'utf8'), before);
});

test('a stopped instance stays stopped over restarts until it is started; its data stays', async () => {
  const root = join(folder, 'c');
  {
    const { at, instances } = open(root);
    await using _ = instances;
    await instances.provision(request('dev'));
    await instances.stop('dev');
    assert.equal(instances.statuses.size, 0);
    assert.ok(existsSync(at.instance('dev').config));
  }
  const { instances } = open(root);
  await using _ = instances;
  assert.deepEqual(await instances.startAll(), []);
  assert.equal(instances.statuses.size, 0);
  await instances.start('dev');
  assert.equal(instances.statuses.get('dev')?.port, 4242);
});

test('one that an operator has stopped is told of, also after a restart, until the operator starts it or it is deleted', async () => {
  const root = join(folder, 'held');
  const mark = places(root).instance('dev').stopFlag;
  const stopped = { port: 0, activation: 'Stopped', message: 'Stopped: ./strongroom instance start dev' };
  {
    const { instances, changes } = open(root);
    await using _ = instances;
    await instances.provision(request('dev'));
    writeFileSync(mark, '');
    await instances.applyStopFlags();
    assert.deepEqual([...instances.statuses], [['dev', stopped]]);
    assert.deepEqual(changes.at(-1), ['dev', stopped], 'the last that is heard of it');
  }
  const { instances, changes } = open(root);
  await using _ = instances;
  assert.deepEqual(await instances.startAll(), []);
  assert.deepEqual(changes, [['dev', stopped]]);
  await instances.stop('dev');
  assert.equal(instances.statuses.size, 0);
  await instances.start('dev');
  assert.deepEqual([...instances.statuses], [['dev', stopped]], 'what is recovered is still stopped by its operator');
  rmSync(mark);
  await instances.applyStopFlags();
  assert.equal(instances.statuses.get('dev')?.port, 4242);
});

test('one that an operator stops and starts is known all the while: whoever reads its log has no reason to begin anew', async () => {
  const { at, instances } = open(join(folder, 'known'));
  await using _ = instances;
  await instances.provision(request('dev'));
  const { stopFlag } = at.instance('dev');
  const seen: boolean[] = [];
  const looking = setInterval(() => seen.push(instances.conditions.some(({ name }) => name === 'dev')), 1);
  try {
    writeFileSync(stopFlag, '');
    await instances.applyStopFlags();
    rmSync(stopFlag);
    await instances.applyStopFlags();
  } finally {
    clearInterval(looking);
  }
  assert.ok(seen.length > 2 && seen.every(Boolean));
});

test('one that cannot be started keeps an operator from stopping no other, stays known, and its start is on record once', async () => {
  const { at, instances, acts } = open(join(folder, 'broken'));
  await using _ = instances;
  for (const name of ['alpha', 'beta']) await instances.provision(request(name));
  const [alpha, beta] = [at.instance('alpha'), at.instance('beta')];
  writeFileSync(alpha.stopFlag, '');
  await instances.applyStopFlags();
  const config = readFileSync(alpha.config);
  writeFileSync(alpha.config, '{');
  rmSync(alpha.stopFlag);
  writeFileSync(beta.stopFlag, '');
  for (let n = 0; n < 2; n++) await assert.rejects(instances.applyStopFlags());
  assert.deepEqual(
    ['alpha', 'beta'].map((name) => instances.statuses.get(name)?.activation),
    ['Stopped', 'Stopped'],
  );
  assert.deepEqual(
    acts.map(({ what, instance }) => `${what} ${instance}`),
    ['stop alpha', 'start alpha', 'stop beta'],
  );
  writeFileSync(alpha.config, config);
  await instances.applyStopFlags();
  assert.equal(instances.statuses.get('alpha')?.port, 4242);
});

test('what an operator stops and starts is on record, each once and before it is done; a log that cannot be written keeps nobody from it', async () => {
  const reports: string[] = [];
  const { at, instances, acts, log } = open(join(folder, 'recorded'), 8443, Date.now, (text) => reports.push(text));
  await using _ = instances;
  await instances.provision(request('dev'));
  const { stopFlag } = at.instance('dev');
  writeFileSync(stopFlag, '');
  for (let n = 0; n < 2; n++) await instances.applyStopFlags();
  assert.deepEqual(acts, [{ what: 'stop', instance: 'dev', by: 'operator' }]);
  rmSync(stopFlag);
  for (let n = 0; n < 2; n++) await instances.applyStopFlags();
  assert.deepEqual(acts.slice(1), [{ what: 'start', instance: 'dev', by: 'operator' }]);
  log.isFull = true;
  writeFileSync(stopFlag, '');
  await instances.applyStopFlags();
  assert.equal(instances.statuses.get('dev')?.activation, 'Stopped');
  assert.deepEqual(
    [acts.length, reports],
    [2, ['that an operator wants dev to stop is not on record: the log is full']],
  );
});

test('new processes are asked for once, and it is said which ones serve', async () => {
  const root = join(folder, 'asked');
  const { at, instances } = open(root, 8443, Date.now, () => undefined);
  await using _ = instances;
  await instances.provision(request('dev'));
  const { replaceFlag: mark, audit } = at.instance('dev');
  const service = (): readonly number[] => instances.pids['dev']?.service ?? [];
  const before = service();
  for (const left of [UNDER_WAY, 'goes on with the processes that it had: they did not start\n']) {
    writeFileSync(mark, left);
    await instances.applyStopFlags();
    assert.deepEqual([service(), readFileSync(mark, 'utf8')], [before, left], 'somebody asked for that long ago');
  }
  writeFileSync(mark, '');
  const applied = instances.applyStopFlags();
  while (service().length === before.length) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(readIfThere(mark), UNDER_WAY);
  await applied;
  assert.equal(readIfThere(mark), undefined);
  writeFileSync(join(audit, 'broken'), '');
  writeFileSync(mark, '');
  await instances.applyStopFlags();
  assert.match(
    readIfThere(mark) ?? '',
    /^is served by new workers, but its recorder does not come back.*: dev\/recorder /,
  );
  rmSync(join(audit, 'broken'));
});

test('a stop while an instance is being made shows in what failed; the next start finds it and goes on', async () => {
  const root = join(folder, 'stopped');
  const { instances } = open(root);
  const made = instances.provision(request('dev'));
  made.catch(() => {}); // looked at below
  while (instances.statuses.size === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(instances.isStopping, false);
  await instances[Symbol.asyncDispose]();
  await assert.rejects(made, /was stopped/);
  assert.equal(instances.isStopping, true);
  await assert.rejects(instances.provision(request('dev')), /everything stops/);
  assert.equal(instances.statuses.size, 0);

  const next = open(root);
  await using _ = next.instances;
  await next.instances.startAll();
  await next.instances.provision(request('dev'));
  assert.equal(next.instances.statuses.get('dev')?.port, 4242);
});

test('names that are no instance can be neither stopped, started, changed nor purged', async () => {
  const root = join(folder, 'd');
  const { instances } = open(root);
  await using _ = instances;
  for (const name of ['dev', '..', '../d', '.', '']) {
    for (const asked of [
      instances.stop(name),
      instances.start(name),
      instances.purge(name),
      instances.update(name, {}),
    ]) {
      await assert.rejects(asked, code('NotFound'));
    }
  }
  assert.equal(existsSync(join(root, 'stopped')), false);
});

test('a start with another port renews names and issuer, and nothing else', async () => {
  const root = join(folder, 'e');
  {
    const { instances } = open(root, 8443);
    await using _ = instances;
    await instances.provision(request('dev'));
  }
  const file = places(root).instance('dev').config;
  const before = readInstanceConfig(file);
  const { instances } = open(root, 9443);
  await using _ = instances;
  await instances.startAll();
  const { hostNames, issuers, ...rest } = readInstanceConfig(file);
  assert.deepEqual({ ...before, hostNames, issuers }, { ...rest, hostNames, issuers });
  assert.ok(hostNames.some(({ authority }) => authority === 'dev.managedhsm.localhost:9443'));
  assert.ok(!hostNames.some(({ authority }) => authority.endsWith(':8443')));
  assert.match(JSON.stringify(issuers[0]), /:9443\/[^"]*keys"/);
});

test('a folder that a crash left without its config is no instance, and can be provisioned', async () => {
  const root = join(folder, 'f');
  const { at, instances } = open(root);
  await using _ = instances;
  mkdirSync(at.instance('dev').module, { recursive: true });
  assert.deepEqual(await instances.startAll(), []);
  await instances.provision(request('dev'));
  assert.equal(instances.statuses.get('dev')?.port, 4242);
});

test('an instance whose config belongs to another name does not start, and says so', async () => {
  const root = join(folder, 'g');
  {
    const { instances } = open(root);
    await using _ = instances;
    await instances.provision(request('dev'));
  }
  const at = places(root);
  mkdirSync(at.instance('copy').root);
  writeFileSync(at.instance('copy').config, readFileSync(at.instance('dev').config));
  const { instances } = open(root);
  await using _ = instances;
  const failed = await instances.startAll();
  assert.deepEqual(
    failed.map(({ name }) => name),
    ['copy'],
  );
});

test('a data directory with a long path gets its sockets elsewhere, and they are removed', async () => {
  const { instances, at } = open(join(folder, 'long'.repeat(30)));
  await instances.provision(request('dev'));
  const note = join(at.instance('dev').root, 'run', 'socket-folder');
  const elsewhere = readFileSync(note, 'utf8');
  assert.ok(elsewhere.length < 60 && existsSync(elsewhere));
  await instances[Symbol.asyncDispose]();
  assert.equal(existsSync(elsewhere), false);
});

test('an update is in the file, and every worker has taken it, when it is done; what is no update changes nothing', async () => {
  const { at, instances } = open(join(folder, 'update'));
  await using _ = instances;
  await instances.provision(request('dev'));
  const network = { ...OPEN_NETWORK, publicNetworkAccess: 'Disabled' as const };
  await instances.update('dev', { network, purgeProtection: true });
  const config = readInstanceConfig(at.instance('dev').config);
  assert.deepEqual([config.network, config.purgeProtection], [network, true]);
  for (const wrong of [null, [], { purgeProtection: false }, { issuers: [] }, { network: {} }, { profile: 'dev' }]) {
    await assert.rejects(instances.update('dev', wrong), code('BadRequest'));
  }
  assert.deepEqual(readInstanceConfig(at.instance('dev').config), config);
  assert.equal(instances.statuses.get('dev')?.port, 4242);
});

test('where its log is sent is in the file, whatever is changed after it, and concerns no worker', async () => {
  const { at, instances, changes } = open(join(folder, 'diagnostics'), 8443, Date.now, () => {});
  await using _ = instances;
  await instances.provision(request('dev'));
  const diagnostics = ['/subscriptions/s/workspaces/w'];
  const broken = join(at.instance('dev').root, 'broken');
  writeFileSync(broken, ''); // a worker that was asked would end by it
  const told = changes.length;
  await instances.update('dev', { network: OPEN_NETWORK, diagnostics });
  assert.deepEqual(changes.slice(told), [['dev', instances.statuses.get('dev')]], 'who sends it looks again');
  rmSync(broken);
  await instances.provision(request('dev'));
  await instances.update('dev', { purgeProtection: true });
  assert.deepEqual(readInstanceConfig(at.instance('dev').config).diagnostics, diagnostics);
  for (const wrong of [['/A'], ['x'], Array.from({ length: 16 }, () => '/x')]) {
    await assert.rejects(instances.update('dev', { diagnostics: wrong }), code('BadRequest'));
  }
  await instances.update('dev', { diagnostics: [] });
  assert.deepEqual(readInstanceConfig(at.instance('dev').config).diagnostics, []);
});

test('one that does not start is not said to serve, however it is asked for, until it was mended and started again', async () => {
  const { at, instances } = open(join(folder, 'lame'), 8443, Date.now, () => {});
  await using _ = instances;
  mkdirSync(at.instance('dev').root, { recursive: true });
  const broken = join(at.instance('dev').root, 'broken');
  writeFileSync(broken, '');
  const refusal = { name: 'DoesNotStart', message: 'dev/service-0 does not start: it ended with code 3' };
  await assert.rejects(instances.provision(request('dev')), refusal);
  const network = { ...OPEN_NETWORK, publicNetworkAccess: 'Disabled' as const };
  for (const asked of [
    () => instances.provision(request('dev')),
    () => instances.start('dev'),
    () => instances.update('dev', { network }),
  ]) {
    await assert.rejects(asked(), refusal);
  }
  assert.deepEqual(readInstanceConfig(at.instance('dev').config).network, network, 'what was asked for is kept');
  rmSync(broken);
  await instances.applyStopFlags(); // has nothing to do, and is not held up
  await instances.stop('dev');
  await instances.start('dev');
  await instances.update('dev', { network: OPEN_NETWORK });
  assert.equal(instances.statuses.get('dev')?.port, 4242);
});

test('purge protection holds until the retention ends, by what the supervisor itself wrote down', async () => {
  const stoppedAt = Date.parse('2026-11-25T08:00:00.000Z');
  const ends = stoppedAt + 7 * 86_400_000;
  let time = stoppedAt;
  const { at, instances } = open(join(folder, 'purge'), 8443, () => time);
  await using _ = instances;
  await instances.provision({ ...request('dev'), purgeProtection: true });
  await assert.rejects(instances.purge('dev'), code('BadRequest'));
  await instances.stop('dev');
  // Stopped once more, it has been stopped since the first time.
  time = ends - 1;
  await instances.stop('dev');
  await assert.rejects(instances.purge('dev'), code('PurgeProtected'));
  assert.ok(existsSync(at.instance('dev').config));
  // Started again, the time of the next stop counts.
  await instances.start('dev');
  time = ends;
  await instances.stop('dev');
  await assert.rejects(instances.purge('dev'), code('PurgeProtected'));
  time = ends + 7 * 86_400_000;
  await instances.purge('dev');
  assert.equal(existsSync(at.instance('dev').root), false);
  assert.deepEqual(
    readPurgeRecord(at.purged).map(({ name, reason }) => [name, reason]),
    [['dev', 'retention ended']],
  );
  await instances.provision(request('dev'));
  assert.equal(instances.statuses.get('dev')?.port, 4242);
});

test('whichever way a stopped instance serves again, its retention begins at the next stop', async () => {
  const retention = 7 * 86_400_000;
  let time = Date.parse('2026-11-25T08:00:00.000Z');
  const { at, instances } = open(join(folder, 'again'), 8443, () => time);
  await using _ = instances;
  const wanted = { ...request('dev'), purgeProtection: true };
  await instances.provision(wanted);
  await instances.stop('dev');
  await instances.provision(wanted);
  assert.equal(instances.statuses.get('dev')?.port, 4242);
  const mark = join(at.instance('dev').root, 'stopped');
  assert.equal(existsSync(mark), false);
  time += retention;
  // As a stop leaves it that wrote its mark and failed then.
  writeFileSync(mark, JSON.stringify({ stoppedAt: new Date(time - retention).toISOString() }));
  await instances.stop('dev');
  await assert.rejects(instances.purge('dev'), code('PurgeProtected'));
  time += retention;
  await instances.purge('dev');
});
