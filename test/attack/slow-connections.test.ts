// One address that many share: somebody there opens connections without end, and says next to nothing on them. Whoever has shown a
// token keeps their connection, and whoever comes gets one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { freePort } from '../support/free-port.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const HOST = 'test.managedhsm.azure.net';
const SHARE = 200;
let instance: RunningInstance;
let port: number;
let token: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  port = await freePort();
  await instance.configure({
    network: { ...OPEN_NETWORK, privateEndpointConnections: [{ name: 'plant', status: 'Approved' }] },
    privateListeners: [{ connection: 'plant', address: '127.0.0.1', port }],
  });
  await instance.restart();
});
after(() => instance[Symbol.asyncDispose]());

async function secured(): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: HOST, ca: instance.ca });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** The status of one request with the token. */
async function ask(socket: TLSSocket): Promise<number> {
  socket.write(`GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  let text = '';
  while (!/\r\n\r\n\{.*\}$/s.test(text)) text += String((await once(socket, 'data'))[0]);
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}

const slow: readonly (readonly [how: string, open: () => Promise<Socket>])[] = [
  [
    'say nothing at all',
    async () => {
      const socket = connectPlain({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    },
  ],
  [
    'begin a handshake and do not go on',
    async () => {
      const socket = connectPlain({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
      return socket;
    },
  ],
  ['end the handshake and say nothing', secured],
  [
    'send their headers one by one',
    async () => {
      const socket = await secured();
      socket.write(`GET /keys HTTP/1.1\r\nHost: ${HOST}\r\nX-A: `);
      return socket;
    },
  ],
];

for (const [how, open] of slow) {
  test(`${SHARE + 50} connections of an address ${how}: an old one with a token goes on there, and a new one is served`, async () => {
    const old = await secured();
    assert.equal(await ask(old), 200);
    const held: Socket[] = [];
    try {
      for (let n = 0; n < SHARE + 50; n++) held.push(await open());
      assert.equal(await ask(old), 200);
      const late = await secured();
      assert.equal(await ask(late), 200);
      for (let n = 0; n < SHARE; n++) held.push(await open());
      assert.deepEqual([await ask(old), await ask(late)], [200, 200]);
      late.destroy();
    } finally {
      for (const socket of [...held, old]) socket.destroy();
    }
  });
}

test('whoever does not finish a handshake, or a head, is closed after a while', async () => {
  const ends = slow.map(async ([, open]) => {
    const socket = await open();
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  });
  await Promise.all(ends);
});
