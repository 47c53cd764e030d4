// Real partitions, really killed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { algorithms, operations } from '../../formats/algorithms.ts';
import { makeCustodian } from '../../module/custodians.fixture.ts';
import { bindingOf, newFolder } from '../../module/key-module.fixture.ts';
import { type CryptoClient, openCryptoClient, type WrappedKey } from './crypto-client.ts';

const certificates = (await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)))).map((c) => c.certificate);

function newModuleFolder(): string {
  return join(newFolder(), 'module');
}

async function activate(client: CryptoClient): Promise<void> {
  await client.ceremony('provision', { instanceId: 'i-1', instanceName: 'dev' });
  await client.ceremony('downloadSecurityDomain', { certificates, required: 2 });
}

async function newKey(client: CryptoClient, cacheId = 'k'): Promise<WrappedKey> {
  const binding = bindingOf('oct-HSM', ['sign', 'verify', 'encrypt', 'decrypt']);
  const { blob } = await client.createKey(binding, { size: 256 });
  return { cacheId, binding, blob };
}

function sign(client: CryptoClient, key: WrappedKey, input: Uint8Array): Promise<Buffer> {
  const algorithm = algorithms.get('HS256')?.code ?? 0;
  return client.operate(key, operations.sign.code, algorithm, { input }).then(({ output }) => Buffer.from(output));
}

test('a ceremony in one partition is the state of all, and of other workers after a reload', async () => {
  const moduleFolder = newModuleFolder();
  await using first = await openCryptoClient({ moduleFolder, partitions: 2 });
  await using second = await openCryptoClient({ moduleFolder, partitions: 1 });
  assert.equal(first.hello.state, 'blank');
  await activate(first);
  assert.equal(first.hello.state, 'active');
  const key = await newKey(first);
  const input = randomBytes(8);
  const expected = await sign(first, key, input);
  const all = await Promise.all(Array.from({ length: 40 }, () => sign(first, key, input)));
  assert.ok(all.every((output) => output.equals(expected)));
  await assert.rejects(sign(second, key, input), { code: 'WrongState' });
  await second.reload();
  assert.equal(second.hello.state, 'active');
  assert.deepEqual(Buffer.from(second.hello.auditKey), Buffer.from(first.hello.auditKey));
  assert.deepEqual(await sign(second, key, input), expected);
});

test('partitions killed under load cost no caller an answer', async () => {
  const pids: (readonly number[])[] = [];
  await using client = await openCryptoClient({
    moduleFolder: newModuleFolder(),
    partitions: 2,
    onPartitions: (now) => pids.push(now),
  });
  await activate(client);
  const key = await newKey(client);
  const input = randomBytes(8);
  const expected = await sign(client, key, input);
  let kills = 0;
  let answers = 0;
  const load = Array.from({ length: 32 }, async () => {
    while (kills < 6) {
      assert.ok((await sign(client, key, input)).equals(expected));
      answers += 1;
      if (answers % 500 === 0) {
        const victim = client.pids[kills % client.pids.length];
        if (victim !== undefined) process.kill(victim, 'SIGKILL');
        kills += 1;
      }
    }
  });
  await Promise.all(load);
  assert.ok(answers >= 3000);
  assert.ok(pids.some((now) => now.length === 1));
  assert.ok((await sign(client, key, input)).equals(expected));
});

test('all partitions killed at once: requests wait for the next one', async () => {
  await using client = await openCryptoClient({ moduleFolder: newModuleFolder(), partitions: 2 });
  await activate(client);
  const key = await newKey(client);
  const input = randomBytes(8);
  const expected = await sign(client, key, input);
  const waiting = Array.from({ length: 20 }, () => sign(client, key, input));
  for (const pid of client.pids) process.kill(pid, 'SIGKILL');
  for (const output of await Promise.all(waiting)) assert.ok(output.equals(expected));
});

test('a partition that hangs is ended, and its requests are answered by another', async () => {
  const moduleFolder = newModuleFolder();
  // What cannot be repeated is done under the usual patience: a slow machine is no partition that hangs.
  const key = await (async () => {
    await using usual = await openCryptoClient({ moduleFolder, partitions: 1 });
    await activate(usual);
    return await newKey(usual);
  })();
  await using client = await openCryptoClient({ moduleFolder, partitions: 2, stallMs: 1500 });
  const input = randomBytes(8);
  const expected = await sign(client, key, input);
  const [hanging] = client.pids;
  assert.ok(hanging !== undefined);
  process.kill(hanging, 'SIGSTOP');
  const answers = await Promise.all(Array.from({ length: 20 }, () => sign(client, key, input)));
  for (const output of answers) assert.ok(output.equals(expected));
  assert.ok(!client.pids.includes(hanging));
});

test('a partition that makes an RSA key may be silent for longer than one that does not', async () => {
  const moduleFolder = newModuleFolder();
  const key = await (async () => {
    await using usual = await openCryptoClient({ moduleFolder, partitions: 1 });
    await activate(usual);
    return await newKey(usual);
  })();
  const ended = Promise.withResolvers<readonly number[]>();
  await using client = await openCryptoClient({
    ...{ moduleFolder, partitions: 2, stallMs: 1500 },
    onPartitions: (pids) => pids.length === 1 && ended.resolve(pids),
  });
  const both = client.pids;
  assert.equal(both.length, 2);
  for (const pid of both) process.kill(pid, 'SIGSTOP');
  const made = client.createKey(bindingOf('RSA-HSM', ['sign']), { size: 2048 });
  const signed = sign(client, key, randomBytes(8));
  const [making] = await ended.promise;
  assert.ok(making !== undefined && both.includes(making));
  process.kill(making, 'SIGCONT');
  await Promise.all([made, signed]);
  assert.ok(client.pids.includes(making));
});

/** Processes of ceremonies over the folder. */
function ceremoniesOver(moduleFolder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes(moduleFolder) && words.some((word) => word.endsWith('module/ceremony/main.ts'));
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** Kills the process of a ceremony as soon as it is there. */
async function killCeremony(moduleFolder: string): Promise<void> {
  for (;;) {
    const [pid] = ceremoniesOver(moduleFolder);
    if (pid !== undefined) return void process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

test('a new module begins with one partition and the process of its ceremony; the other partitions follow that', async () => {
  const moduleFolder = newFolder();
  const complete = Promise.withResolvers<void>();
  await using client = await openCryptoClient({
    ...{ moduleFolder, partitions: 3 },
    onPartitions: (pids) => pids.length === 3 && complete.resolve(),
  });
  assert.equal(client.pids.length, 1);
  assert.equal(ceremoniesOver(moduleFolder).length, 1);
  await client.ceremony('provision', { instanceId: 'i-1', instanceName: 'dev' });
  assert.deepEqual(ceremoniesOver(moduleFolder), []);
  await complete.promise;
  await client.ceremony('downloadSecurityDomain', { certificates, required: 2 });
  const key = await newKey(client);
  const input = randomBytes(8);
  const all = await Promise.all(Array.from({ length: 40 }, () => sign(client, key, input)));
  assert.equal(new Set(all.map((output) => output.toString('hex'))).size, 1);
});

test('a partition that read the files before a ceremony and greets after it reads them again', async () => {
  const moduleFolder = newFolder();
  const fixture = realpathSync(fileURLToPath(new URL('late-greeting.fixture.ts', import.meta.url)));
  const nodeFlags = [`--allow-fs-read=${fixture}`, `--import=${fixture}`];
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };
  await using client = await openCryptoClient({ moduleFolder, partitions: 2, nodeFlags });
  writeFileSync(join(moduleFolder, 'late'), '');
  await client.ceremony('provision', { instanceId: 'i-1', instanceName: 'dev' });
  await until(() => existsSync(join(moduleFolder, 'waiting')));
  await client.send('downloadSecurityDomain', { certificates, required: 2 });
  const [first = 0] = client.pids;
  // Nobody knows yet that the ceremony has made another state: its partition has been told to look, and does not answer.
  process.kill(first, 'SIGSTOP');
  const reload = client.reload();
  rmSync(join(moduleFolder, 'late'));
  await until(() => client.pids.length === 2);
  process.kill(first, 'SIGCONT');
  await reload;
  process.kill(first, 'SIGKILL');
  await until(() => !client.pids.includes(first));
  await newKey(client);
});

test('a process that was begun for a ceremony goes by the files as they are when it is asked', async () => {
  const moduleFolder = newFolder();
  await using early = await openCryptoClient({ moduleFolder, partitions: 1 });
  const [begun] = ceremoniesOver(moduleFolder);
  assert.ok(begun !== undefined);
  await using other = await openCryptoClient({ moduleFolder, partitions: 1 });
  await other.ceremony('provision', { instanceId: 'i-1', instanceName: 'dev' });
  await early.reload();
  assert.deepEqual(ceremoniesOver(moduleFolder), [begun]);
  await early.ceremony('downloadSecurityDomain', { certificates, required: 2 });
  assert.equal(early.hello.state, 'active');
  assert.deepEqual(ceremoniesOver(moduleFolder), []);
});

test('one that was begun and is lost costs no ceremony, and one that is not wanted ends with the client', async () => {
  const moduleFolder = newFolder();
  {
    await using client = await openCryptoClient({ moduleFolder, partitions: 1 });
    await activate(client);
    client.foreseeCeremony();
    await killCeremony(moduleFolder);
    await client.send('transferKey', {});
    client.foreseeCeremony();
    const [first] = ceremoniesOver(moduleFolder);
    client.foreseeCeremony();
    while (ceremoniesOver(moduleFolder).includes(first ?? 0)) await new Promise((resolve) => setImmediate(resolve));
    assert.notEqual(ceremoniesOver(moduleFolder).length, 0);
  }
  assert.deepEqual(ceremoniesOver(moduleFolder), []);
});

test('a message that is not repeatable is reported lost, not sent twice', async () => {
  const moduleFolder = newModuleFolder();
  await using client = await openCryptoClient({ moduleFolder, partitions: 1 });
  const lost = client.ceremony('provision', { instanceId: 'i-1', instanceName: 'dev' });
  await Promise.all([assert.rejects(lost, { code: 'PartitionLost' }), killCeremony(moduleFolder)]);
});

test('a ceremony that is killed leaves a module that serves, and can be held again; afterwards none of it runs', async () => {
  const moduleFolder = newModuleFolder();
  await using client = await openCryptoClient({ moduleFolder, partitions: 2 });
  await activate(client);
  assert.deepEqual(ceremoniesOver(moduleFolder), []);
  const key = await newKey(client);
  const input = randomBytes(8);
  const expected = await sign(client, key, input);
  const again = { certificates, required: 2 };
  const lost = client.ceremony('downloadSecurityDomain', again);
  await Promise.all([assert.rejects(lost, { code: 'PartitionLost' }), killCeremony(moduleFolder)]);
  assert.ok((await sign(client, key, input)).equals(expected));
  const asked = client.send('transferKey', {});
  await killCeremony(moduleFolder);
  // It may be repeated, and is.
  const { certificate } = await asked;
  assert.ok(Buffer.from((await client.send('transferKey', {})).certificate).equals(certificate));
  await client.ceremony('downloadSecurityDomain', again);
  assert.deepEqual(ceremoniesOver(moduleFolder), []);
  assert.ok((await sign(client, key, input)).equals(expected));
});

test('a key that a partition let go is opened again unseen', async () => {
  await using client = await openCryptoClient({ moduleFolder: newModuleFolder(), partitions: 1 });
  await activate(client);
  const binding = bindingOf('oct-HSM', ['sign']);
  const { blob } = await client.createKey(binding, { size: 128 });
  const first: WrappedKey = { cacheId: 'first', binding, blob };
  const input = randomBytes(8);
  const expected = await sign(client, first, input);
  // More openings than a partition's cache holds, unknown to this client's memory of handles.
  for (let i = 0; i < 4100; i += 100) {
    await Promise.all(Array.from({ length: 100 }, () => client.send('openKey', { binding, blob })));
  }
  assert.deepEqual(await sign(client, first, input), expected);
});

test('a refusal reaches the caller as what it is', async () => {
  await using client = await openCryptoClient({ moduleFolder: newModuleFolder(), partitions: 1 });
  await activate(client);
  const key = await newKey(client);
  const wrong = { ...key, cacheId: 'wrong', binding: { ...key.binding, exportable: true } };
  await assert.rejects(sign(client, wrong, randomBytes(4)), { name: 'CryptoError', code: 'KeyRefused' });
  await assert.rejects(sign(client, wrong, randomBytes(4)), { name: 'CryptoError', code: 'KeyRefused' });
  await assert.rejects(client.operate(key, 3, 42, { input: randomBytes(16) }), { code: 'OperationNotAllowed' });
});

test('closing refuses what is open and ends every process', async () => {
  const client = await openCryptoClient({ moduleFolder: newModuleFolder(), partitions: 2 });
  const { pids } = client;
  await client[Symbol.asyncDispose]();
  await assert.rejects(client.send('hello', {}), { code: 'PartitionLost' });
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('a state file that is not authentic keeps the client from opening', async () => {
  const moduleFolder = newModuleFolder();

  mkdirSync(moduleFolder, { mode: 0o700 });
  writeFileSync(join(moduleFolder, 'state.sealed'), randomBytes(300));
  writeFileSync(join(moduleFolder, 'seal.key'), randomBytes(32));
  await assert.rejects(openCryptoClient({ moduleFolder, partitions: 1 }), { code: 'PartitionLost' });
});
