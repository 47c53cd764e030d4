// A client decides when its request is complete. Rights are judged on the state of that moment, not of the first byte.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { backedUp, directoryUri, ended, startRestore } from '../support/backup-jobs.ts';
import { type FaultyStorage, faultyStorage } from '../support/faulty-storage.ts';
import {
  type RunningInstance,
  startRunningInstance,
  VAULT_AUDIENCE,
  VAULT_AUTHORITY,
} from '../support/running-instance.ts';

let folder: string;
let storage: FaultyStorage;
let instance: RunningInstance;
/** Seconds that the instance's clock is ahead. */
let ahead = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-held-'));
  storage = faultyStorage(folder);
  instance = await startRunningInstance({
    vaultName: true,
    openStorage: storage.open,
    systemNow: () => Math.floor(Date.now() / 1000) + ahead,
  });
  await instance.activate();
});
after(async () => {
  await instance[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const HOST = 'test.managedhsm.azure.net';
const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';

test('a right revoked while the body is on its way is gone when it arrives', async () => {
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const token = await instance.issuer.token(user);
  const made = await instance.ask('POST', '/keys/held/create?api-version=7.6', { token, body: { kty: 'EC-HSM' } });
  assert.equal(made.status, 200, made.text);
  const body = JSON.stringify({ alg: 'ES256', value: Buffer.alloc(32, 1).toString('base64url') });

  const held = await hold(token, body);
  const admin = await instance.adminToken();
  const list = await instance.ask('GET', `${ASSIGNMENTS}?api-version=7.4`, { token: admin });
  const assignments = (list.json as { value: { name: string; properties: { principalId: string } }[] }).value;
  const name = assignments.find(({ properties }) => properties.principalId === user)?.name ?? '';
  assert.equal((await instance.ask('DELETE', `${ASSIGNMENTS}/${name}?api-version=7.4`, { token: admin })).status, 200);

  const answer = await finish(held, body.slice(-1));
  assert.match(answer, /^HTTP\/1\.1 403 /);
  assert.match(answer, /AccessDenied/);
});

test('a token that expires while the body is on its way is refused with the challenge', async () => {
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const expires = Math.floor(Date.now() / 1000) + 120;
  const token = await instance.issuer.token(user, { exp: expires });
  const body = JSON.stringify({ kty: 'EC-HSM' });
  const held = await hold(token, body, '/keys/late/create');
  const clock = mock.method(Date, 'now', () => expires * 1000);
  const answer = await finish(held, body.slice(-1)).finally(() => clock.mock.restore());
  assert.match(answer, /^HTTP\/1\.1 401 /);
  assert.match(answer, /www-authenticate: Bearer/i);
});

test('a request whose address no rule lets in any more when it arrives is turned away', async () => {
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const body = JSON.stringify({ kty: 'EC-HSM' });
  const held = await hold(await instance.issuer.token(user), body, '/keys/cut-off/create');
  await instance.service.update({ network: { ...OPEN_NETWORK, publicNetworkAccess: 'Disabled' } });
  const answer = await finish(held, body.slice(-1));
  await instance.service.update({ network: OPEN_NETWORK });
  assert.match(answer, /^HTTP\/1\.1 403 /);
  assert.match(answer, /ForbiddenByFirewall/);
});

test('a request to a name that was switched off when it arrives is not answered there', async () => {
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const switchTo = async (value: string): Promise<void> => {
    const asked = { token: await instance.adminToken(), body: { value } };
    const reply = await instance.ask('PATCH', '/settings/StrongroomVaultAlias?api-version=7.6', asked);
    assert.equal(reply.status, 200, reply.text);
  };
  await switchTo('true');
  const body = JSON.stringify({ kty: 'EC' });
  const token = await instance.issuer.token(user, { aud: VAULT_AUDIENCE });
  const held = await hold(token, body, '/keys/of-a-vault/create', VAULT_AUTHORITY);
  await switchTo('false');
  assert.match(await finish(held, body.slice(-1)), /^HTTP\/1\.1 421 /);
});

test('a request that arrives while a full restore replaces everything waits like any other', async () => {
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const admin = await instance.adminToken();
  const uri = directoryUri(folder);
  const backup = await backedUp(instance, admin, uri);
  // A restore wants a backup that is not of just now.
  ahead = 1800;
  const body = JSON.stringify({ kty: 'EC-HSM' });
  const held = await hold(await instance.issuer.token(user), body, '/keys/lost/create');
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  storage.before = async (act, file) => {
    if (act !== 'read' || !file.startsWith('keys')) return;
    reached.resolve();
    await go.promise;
  };
  const started = await startRestore(instance, admin, uri, backup);
  await reached.promise;
  const answer = await finish(held, body.slice(-1));
  go.resolve();
  assert.equal((await ended(instance, admin, started)).status, 'Succeeded');
  assert.match(answer, /^HTTP\/1\.1 503 /);
  assert.match(answer, /RestoreInProgress/);
});

/** Sends all but the last byte, and resolves when the service has let the headers pass. */
async function hold(token: string, body: string, path = '/keys/held/sign', host = HOST): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: instance.port, ca: instance.ca, servername: HOST });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.write(
    `POST ${path}?api-version=7.6 HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`,
  );
  // A request that comes after it on another connection is answered after its headers were judged.
  await instance.ask('GET', '/keys/held?api-version=7.6', { token });
  await instance.ask('GET', '/keys/held?api-version=7.6', { token });
  return socket;
}

async function finish(socket: TLSSocket, rest: string): Promise<string> {
  const answered = new Promise<string>((resolve, reject) => {
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
      const [head = '', body] = received.split('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (body !== undefined && Buffer.byteLength(body) >= length) resolve(received);
    });
    socket.once('error', reject);
  });
  socket.write(rest);
  const answer = await answered;
  socket.destroy();
  return answer;
}
