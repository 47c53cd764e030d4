import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CryptoError } from '../../src/crypto/protocol/messages.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { makePacket } from '../../src/formats/custodian-packet.ts';
import { decryptWithRsa, encryptToRsa } from '../../src/formats/jwe-rsa.ts';
import { readShareList } from '../../src/formats/seal-shares.ts';
import { parseSecurityDomain } from '../../src/formats/security-domain.ts';
import { unlockSockets } from '../../src/links/unlock/socket-notes.ts';
import { askWorker, type UnlockRequest } from '../../src/links/unlock/unlock-exchange.ts';
import { type Custodian, makeCustodian } from '../../src/module/custodians.fixture.ts';
import { exchangeSeal, type NewSeal, openOfflineModule, recommendedCost } from '../../src/tools/seal/offline-module.ts';
import { encryptPassphrase, readUnlockCertificate, type UnlockCertificate } from '../../src/tools/seal/secrets.ts';
import { readEntries } from '../support/audit-entries.ts';
import { filesBelow } from '../support/files-below.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const PASSPHRASE = 'correct horse battery';
const KEY = '/keys/first/create?api-version=7.4';
const COST = { memory: 65_536, passes: 1, lanes: 2 };

function moduleOf(instance: RunningInstance): string {
  return places(instance.folder).instance('test').module;
}

/** Stops it, exchanges the seal, and begins the start of it. */
async function restartSealed(instance: RunningInstance, seal: NewSeal): Promise<{ port: number; open: Promise<void> }> {
  await instance.stop();
  {
    await using module = await openOfflineModule(moduleOf(instance));
    await exchangeSeal(module, seal);
  }
  return restartLocked(instance);
}

async function restartLocked(instance: RunningInstance): Promise<{ port: number; open: Promise<void> }> {
  const locked = instance.nextLocked();
  const open = instance.start();
  return { port: await locked, open };
}

async function askFirst(instance: RunningInstance, request: UnlockRequest): Promise<Readonly<Record<string, unknown>>> {
  return askWorker(unlockSockets(instance.folder)[0] ?? '', request);
}

async function certificateOf(instance: RunningInstance): Promise<UnlockCertificate> {
  const { certificate } = await askFirst(instance, { ask: 'certificate' });
  return readUnlockCertificate(Buffer.from(String(certificate), 'base64'));
}

async function unlock(instance: RunningInstance, passphrase: string): Promise<unknown> {
  const own = await certificateOf(instance);
  const secret = encryptPassphrase(own, Buffer.from(passphrase));
  return askFirst(instance, { ask: 'unlock', recipient: own.thumbprint, secret, packets: [] });
}

async function packetOf(instance: RunningInstance, custodian: Custodian): Promise<unknown> {
  const { seal } = await askFirst(instance, { ask: 'show' });
  const { shares } = seal as { readonly shares: string };
  const own = await certificateOf(instance);
  const certificate = new X509Certificate(custodian.certificatePem);
  const thumbprint = readUnlockCertificate(certificate.raw).thumbprint;
  const privateKey = createPrivateKey(custodian.privateKeyPem);
  const listed = parseSecurityDomain(shares).SharedKeys.enc_shares.find(({ x5t_256 }) => x5t_256 === thumbprint);
  const share = decryptWithRsa(privateKey, listed?.enc_key ?? '');
  const content = {
    purpose: 'unlock',
    domain: readShareList(shares).digest,
    recipient: own.thumbprint,
    share: encryptToRsa(own.certificate.publicKey, 'share', share),
  } as const;
  return JSON.parse(makePacket(content, certificate.raw, privateKey, new Date()));
}

/** A request to whoever listens on this port. */
async function status(
  instance: RunningInstance,
  port: number,
): Promise<{ status: number; text: string; headers: object }> {
  const sent = request({
    host: '127.0.0.1',
    port,
    path: '/keys?api-version=7.4',
    ca: instance.ca,
    agent: false,
    headers: { host: 'test.managedhsm.azure.net', authorization: 'Bearer nonsense' },
    servername: 'test.managedhsm.azure.net',
  }).end();
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8'), headers: response.headers };
}

describe('an instance whose root keys are sealed', () => {
  let instance: RunningInstance;
  let custodians: readonly Custodian[];
  before(async () => {
    custodians = await Promise.all(['Anna', 'Boris', 'Clara'].map((name) => makeCustodian(name)));
    instance = await startRunningInstance({ partitions: 2 });
    await instance.activate();
    await instance.assign('Managed HSM Crypto User', instance.administrator);
    const token = await instance.adminToken();
    assert.equal((await instance.ask('POST', KEY, { token, body: { kty: 'oct-HSM', key_size: 256 } })).status, 200);
  });
  after(() => instance[Symbol.asyncDispose]());

  const findsItsKey = async (): Promise<void> => {
    const token = await instance.adminToken();
    assert.equal((await instance.ask('GET', '/keys/first?api-version=7.4', { token })).status, 200);
  };

  test('starts locked, answers 503, and serves on the same port once the passphrase has come', async () => {
    const { port, open } = await restartSealed(instance, {
      kind: 'passphrase',
      secret: Buffer.from(PASSPHRASE),
      cost: COST,
    });
    const refused = await status(instance, port);
    assert.equal(refused.status, 503);
    const { error } = JSON.parse(refused.text) as {
      error: { code: string; innererror: { code: string }; message: string };
    };
    assert.deepEqual([error.code, error.innererror.code], ['ServiceUnavailable', 'Locked']);
    assert.match(error.message, /is locked.*strongroom unlock test/);
    await assert.rejects(unlock(instance, 'not the passphrase'), { code: 'SealRefused' });
    assert.equal((await status(instance, port)).status, 503);
    await unlock(instance, PASSPHRASE);
    await open;
    assert.equal(instance.port, port);
    await findsItsKey();
    const entries = readEntries(instance);
    const own = entries.filter(({ operationName }) => operationName === 'InstanceUnlocked');
    assert.deepEqual(
      own.map((entry) => entry['resultDescription']),
      ['The root keys were opened with the passphrase.'],
    );
    assert.ok(
      !entries.some((entry) => String(entry['requestUri']).includes('/keys?')),
      'what the locked one refused is not on record',
    );
  });

  test('a worker that starts later is opened by the one beside it, and locked ones by the one that was unlocked', async () => {
    {
      await using second = await instance.startWorker();
      assert.ok(second.modulePids.length > 0);
    }
    const { open } = await (async () => {
      await instance.stop();
      return restartLocked(instance);
    })();
    const locked = instance.nextLocked();
    const late = instance.startWorker();
    await locked;
    assert.equal(unlockSockets(instance.folder).length, 2);
    await unlock(instance, PASSPHRASE);
    await open;
    await using second = await late;
    assert.ok(second.port > 0);
    await findsItsKey();
  });

  test('nonsense on the socket is refused, and what is not an unlock certificate gets no key', async () => {
    const path = unlockSockets(instance.folder)[0] ?? '';
    assert.equal(statSync(path).mode & 0o777, 0o600);
    for (const text of [
      '',
      '{',
      'null',
      '{"ask":"seal"}',
      '{"ask":"show","more":1}',
      `{"ask":"unlock","recipient":"x","secret":"","packets":"x"}`,
      'x'.repeat(2_000_000),
    ]) {
      const socket = connect({ path, allowHalfOpen: true });
      let reply = '';
      socket.on('data', (chunk: Buffer) => (reply += chunk.toString('utf8')));
      socket.on('error', () => undefined);
      socket.end(text);
      await new Promise((resolve) => socket.once('close', resolve));
      assert.ok(reply === '' || 'refused' in (JSON.parse(reply) as object), text.slice(0, 40));
    }
    // Who feeds slowly holds nobody up.
    const slow = Array.from({ length: 8 }, () => connect({ path, allowHalfOpen: true }));
    for (const socket of slow) socket.write('{"ask":');
    assert.equal((await askFirst(instance, { ask: 'show' }))['state'], 'active');
    for (const socket of slow) socket.destroy();
    const stranger = new X509Certificate((custodians[0] as Custodian).certificatePem).raw.toString('base64');
    for (const key of [stranger, 'AAAA', '']) {
      await assert.rejects(askFirst(instance, { ask: 'handOver', key }), { code: 'BadRequest' });
    }
    await assert.rejects(askFirst(instance, { ask: 'certificate' }), CryptoError);
    await findsItsKey();
  });

  test('the file that the configuration names opens it at each start without people', async () => {
    const passphraseFile = join(instance.folder, 'credential');
    writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
    await instance.configure({ passphraseFile });
    await instance.restart();
    await findsItsKey();
    writeFileSync(passphraseFile, 'another one altogether\n');
    await instance.stop();
    const { open } = await restartLocked(instance);
    const why = (cause: string): RegExp =>
      new RegExp(
        `^Locked: passphraseFile did not open it \\(${cause}\\); the root keys stay sealed until .* unlock test$`,
      );
    assert.match(instance.lockedMessage, why('the secret does not open the seal'));
    await unlock(instance, PASSPHRASE);
    await open;
    await instance.stop();
    rmSync(passphraseFile);
    const { open: openAgain } = await restartLocked(instance);
    assert.match(instance.lockedMessage, why('the file of the passphrase cannot be read'));
    await unlock(instance, PASSPHRASE);
    await openAgain;
    writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
  });

  test('a quorum of custodians opens it with packets, and the record says who they were', async () => {
    await instance.stop();
    {
      await using module = await openOfflineModule(moduleOf(instance));
      const own = readUnlockCertificate(await module.unlockCertificate());
      const secret = encryptPassphrase(own, Buffer.from(PASSPHRASE));
      await module.unlock({ recipient: own.thumbprint, secret, packets: [] });
      const certificates = custodians.map(({ certificate }) => certificate);
      await exchangeSeal(module, { kind: 'quorum', certificates, required: 2 });
    }
    const { open } = await restartLocked(instance);
    const [anna, , clara] = custodians as [Custodian, Custodian, Custodian];
    const recipient = (await certificateOf(instance)).thumbprint;
    const one = await packetOf(instance, anna);
    const request = { ask: 'unlock', recipient, secret: '' } as const;
    await assert.rejects(askFirst(instance, { ...request, packets: [one] }), {
      message: /2 of the 3 custodians are needed, packets of 1/,
    });
    await assert.rejects(askFirst(instance, { ...request, packets: [one, one] }), {
      message: /CN=Anna .*was given twice/,
    });
    await askFirst(instance, { ...request, packets: [one, await packetOf(instance, clara)] });
    await open;
    await findsItsKey();
    const last = readEntries(instance)
      .filter(({ operationName }) => operationName === 'InstanceUnlocked')
      .at(-1);
    const { quorum } = (last?.['properties'] as { readonly detail: { readonly quorum: readonly string[] } }).detail;
    assert.equal(quorum.length, 2);
    for (const { certificatePem } of [anna, clara]) {
      const { thumbprint } = readUnlockCertificate(new X509Certificate(certificatePem).raw);
      assert.ok(quorum.includes(thumbprint) && String(last?.['resultDescription']).includes(thumbprint));
    }
  });

  test('no secret of all that is in any file of the instance', () => {
    const secrets = [Buffer.from('correct horse')];
    let files = 0;
    for (const { path, content } of filesBelow(instance.folder)) {
      if (path === join(instance.folder, 'credential')) continue;
      files += 1;
      for (const secret of secrets) assert.ok(!content.includes(secret), path);
    }
    assert.ok(files > 10);
    assert.deepEqual(recommendedCost(16 * 2 ** 30), { memory: 2 * 1024 * 1024, passes: 1, lanes: 4 });
    assert.deepEqual(recommendedCost(2 ** 30), { memory: 64 * 1024, passes: 3, lanes: 4 });
  });
});
