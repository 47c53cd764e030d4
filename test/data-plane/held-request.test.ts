// A client decides when its request is complete. Rights are judged on the state of that moment, not of the first byte.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
});
after(() => instance[Symbol.asyncDispose]());

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
  const expires = Math.floor(Date.now() / 1000) + 2;
  const token = await instance.issuer.token(user, { exp: expires });
  const body = JSON.stringify({ kty: 'EC-HSM' });
  const held = await hold(token, body, '/keys/late/create');
  await new Promise((resolve) => setTimeout(resolve, expires * 1000 - Date.now() + 20));
  const answer = await finish(held, body.slice(-1));
  assert.match(answer, /^HTTP\/1\.1 401 /);
  assert.match(answer, /www-authenticate: Bearer/i);
});

/** Sends all but the last byte, and resolves when the service has let the headers pass. */
async function hold(token: string, body: string, path = '/keys/held/sign'): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: instance.port, ca: instance.ca, servername: HOST });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.write(
    `POST ${path}?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`,
  );
  // A request that comes after it on another connection is answered after its headers were judged.
  await instance.ask('GET', '/keys/held?api-version=7.6', { token });
  await instance.ask('GET', '/keys/held?api-version=7.6', { token });
  return socket;
}

async function finish(socket: TLSSocket, rest: string): Promise<string> {
  const answered = new Promise<string>((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')));
    socket.once('error', reject);
  });
  socket.write(rest);
  const answer = await answered;
  socket.destroy();
  return answer;
}
