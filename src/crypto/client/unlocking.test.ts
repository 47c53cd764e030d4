// Real partitions of a sealed module, really killed.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sha256url } from '../../formats/base64url.ts';
import { encryptToRsa } from '../../formats/jwe-rsa.ts';
import { type CryptoClient, openCryptoClient } from './crypto-client.ts';

const PASSPHRASE = 'correct horse battery';
const COST = { memory: 65_536, passes: 1, lanes: 2 };
let root: string;
let moduleFolder: string;

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'strongroom-unlocking-'));
  moduleFolder = join(root, 'module');
  await using client = await openCryptoClient({ moduleFolder, partitions: 1, mayChangeSeal: true });
  await client.ceremony('provision', { instanceId: 'i-1', instanceName: 'dev' });
  const secret = Buffer.from(PASSPHRASE);
  await client.send('changeSeal', { kind: 'passphrase', secret, cost: COST, certificates: [], required: 0 });
});
after(() => rmSync(root, { recursive: true, force: true }));

async function unlock(client: CryptoClient, passphrase = PASSPHRASE): Promise<void> {
  const certificate = await client.unlockCertificate();
  const secret = encryptToRsa(new X509Certificate(certificate).publicKey, 'passphrase', Buffer.from(passphrase));
  const recipient = sha256url(certificate);
  await client.unlock({ recipient, secret, packets: [] });
}

async function stateOfEach(client: CryptoClient): Promise<ReadonlySet<string>> {
  const hellos = await Promise.all(Array.from({ length: 12 }, () => client.send('hello', {})));
  return new Set(hellos.map(({ state }) => state));
}

function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test('one secret unlocks all partitions, and one that is killed comes back unlocked', async () => {
  const changes: (readonly number[])[] = [];
  let changed = (): void => undefined;
  await using client = await openCryptoClient({
    moduleFolder,
    partitions: 3,
    onPartitions: (pids) => {
      changes.push(pids);
      changed();
    },
  });
  assert.equal(client.hello.state, 'locked');
  await assert.rejects(client.send('random', { count: 1 }), { code: 'WrongState' });
  await assert.rejects(unlock(client, 'not the passphrase'), { code: 'SealRefused' });
  await unlock(client);
  assert.equal(client.hello.state, 'provisioned');
  await assert.rejects(client.unlockCertificate(), { code: 'WrongState' });
  assert.deepEqual(await stateOfEach(client), new Set(['provisioned']));
  const [victim = 0] = client.pids;
  const back = new Promise<void>((resolve) => {
    changed = () => {
      if (client.pids.length === 3 && !client.pids.includes(victim)) resolve();
    };
  });
  process.kill(victim, 'SIGKILL');
  await back;
  assert.ok(gone(victim));
  assert.deepEqual(await stateOfEach(client), new Set(['provisioned']));
});

test('when all partitions are killed at once nothing opens by itself, and the worker is told', async () => {
  const told = Promise.withResolvers<void>();
  await using client = await openCryptoClient({ moduleFolder, partitions: 2, onLocked: told.resolve });
  await unlock(client);
  for (const pid of client.pids) process.kill(pid, 'SIGKILL');
  await told.promise;
});

test('a partition that comes back is unlocked by a worker beside this one when there is one', async () => {
  await using peer = await openCryptoClient({ moduleFolder, partitions: 1 });
  await unlock(peer);
  await using client = await openCryptoClient({
    moduleFolder,
    partitions: 1,
    peers: async (key) => (await peer.send('handOver', { key })).sealed,
    onLocked: () => assert.fail('a peer had the key'),
  });
  const key = await client.recipientKey();
  const { sealed } = await peer.send('handOver', { key });
  await client.takeOver({ recipient: sha256url(key), sealed });
  const [victim = 0] = client.pids;
  process.kill(victim, 'SIGKILL');
  // A request waits until a partition is there.
  while (!gone(victim)) await client.send('hello', {}).catch(() => undefined);
  assert.deepEqual(await stateOfEach(client), new Set(['provisioned']));
});

test('the module reads the passphrase from the file it was given and from no other', async () => {
  const passphraseFile = join(root, 'passphrase');
  writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
  await using client = await openCryptoClient({ moduleFolder, partitions: 2, passphraseFile });
  assert.equal(client.hello.state, 'locked');
  await client.unlockFromFile();
  assert.deepEqual(await stateOfEach(client), new Set(['provisioned']));
  await using without = await openCryptoClient({ moduleFolder, partitions: 1 });
  await assert.rejects(without.unlockFromFile(), { code: 'BadRequest' });
  await using missing = await openCryptoClient({
    moduleFolder,
    partitions: 1,
    passphraseFile: join(root, 'nothing'),
  });
  await assert.rejects(missing.unlockFromFile(), { message: /file of the passphrase cannot be read/ });
});

test('no partition may leave a core file, and a worker’s does not change the seal', async () => {
  await using client = await openCryptoClient({ moduleFolder, partitions: 2 });
  await unlock(client);
  for (const pid of client.pids) {
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    assert.ok(!environment.includes(PASSPHRASE) && !words.includes(PASSPHRASE));
  }
  const sealRequest = { kind: 'file', secret: Buffer.alloc(0), cost: {}, certificates: [], required: 0 };
  await assert.rejects(client.send('changeSeal', sealRequest), { code: 'SealRefused' });
});
