// A private listener at an address has a port of its own: whoever comes by it may put that port behind the instance's name,
// and gets identifiers that lead the same way. By every other way the name with that port is none of ours.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { LiveNames } from '../../src/service/live-configuration.ts';
import { freePort } from '../support/free-port.ts';
import { type Ask, type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const NAME = 'test.managedhsm.azure.net';
let instance: RunningInstance;
let port: number;
let otherPort: number;
let token: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  [port, otherPort] = [await freePort(), await freePort()];
  await instance.configure({
    network: { ...OPEN_NETWORK, privateEndpointConnections: [{ name: 'plant', status: 'Approved' }] },
    privateListeners: [
      { connection: 'plant', address: '127.0.0.1', port },
      { connection: 'plant', address: '127.0.0.1', port: otherPort },
    ],
  });
  await instance.restart();
});
after(() => instance[Symbol.asyncDispose]());

const askBy = (way: number, host: string, path = '/keys', own: Ask = { token }, method = 'GET'): Promise<Reply> =>
  instance.askAt(way, method, `${path}?api-version=7.6`, { ...own, headers: { host } });

test('the name is answered with the port of the listener that the request came by, and without', async () => {
  assert.equal((await askBy(port, `${NAME}:${port}`)).status, 200);
  assert.equal((await askBy(otherPort, `${NAME.toUpperCase()}:${otherPort}`)).status, 200);
  assert.equal((await askBy(port, NAME)).status, 200, 'something in front may have translated the port');
  assert.equal((await askBy(port, `${NAME}:443`)).status, 200);
});

test('with that port it is no name by another way, and no other name has it', async () => {
  for (const [way, host] of [
    [otherPort, `${NAME}:${port}`],
    [instance.port, `${NAME}:${port}`],
    [port, `${NAME}:${instance.port}`],
    [port, `${NAME}:0${port}`],
    [port, `other.managedhsm.azure.net:${port}`],
    [port, `127.0.0.1:${port}`],
    [port, `x.${NAME}:${port}`],
  ] as const) {
    assert.equal((await askBy(way, host)).status, 421, `${host} at ${way}`);
  }
  const told = async (way: number): Promise<string> =>
    ((await askBy(way, 'x.test')).json as { error: { message: string } }).error.message;
  assert.match(await told(port), new RegExp(`its names are ${NAME}:${port}, ${NAME} \\(`));
  assert.match(await told(instance.port), new RegExp(`its names are ${NAME} \\(`));
});

test('the challenge is that of the name, and identifiers lead the way that was asked', async () => {
  const host = `${NAME}:${port}`;
  const [by, openly] = [await askBy(port, host, '/keys', {}), await askBy(instance.port, NAME, '/keys', {})];
  assert.equal(by.status, 401);
  assert.equal(by.headers['www-authenticate'], openly.headers['www-authenticate']);
  const made = await askBy(port, host, '/keys/one/create', { token, body: { kty: 'EC-HSM', crv: 'P-256' } }, 'POST');
  const { key } = made.json as { key: { kid: string } };
  assert.ok(key.kid.startsWith(`https://${host}/keys/one/`), key.kid);
  await askBy(port, host, '/keys/one/create', { token, body: { kty: 'EC-HSM', crv: 'P-256' } }, 'POST');
  const path = '/keys/one/versions?maxresults=1&api-version=7.6';
  const page = await instance.askAt(port, 'GET', path, { token, headers: { host } });
  const { nextLink } = page.json as { nextLink: string };
  assert.ok(nextLink.startsWith(`https://${host}/keys/one/versions/?`), nextLink);
  const { pathname, search } = new URL(nextLink);
  assert.equal((await instance.askAt(port, 'GET', pathname + search, { token, headers: { host } })).status, 200);
});

test('an identifier that was given out there names a key of this instance everywhere', () => {
  const hostNames = [{ authority: NAME, authorization: 'https://login.example/t', resource: 'https://example' }];
  const privateListeners = [
    { connection: 'plant', address: '127.0.0.1', port: 8443 },
    { connection: 'plant', socket: '/run/plant.sock' },
  ];
  assert.deepEqual(new LiveNames({ hostNames, privateListeners }).authorities, [NAME, `${NAME}:8443`]);
});
