// Connections that are broken below the level of requests: each gets the status it deserves or is closed, in time, and
// the service goes on for everybody else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { type Listener, listen } from '../../src/http/listener.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { isAlive } from '../support/process-tree.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const HOST = 'dev.managedhsm.azure.net';
const HEAD = `GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\n`;

/** Everything that comes back until the other side closes. */
async function untilClosed(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined); // a reset is a closed connection, too
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return received;
}

const statuses = (received: string): string[] =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => code ?? '');

describe('a broken connection', () => {
  let product: RunningProduct;
  let token: string;
  let pids: readonly number[];
  let direct: number;
  before(async () => {
    product = await startProduct();
    token = await dataPlaneToken(product, await product.environment());
    direct = product.state.instances['dev']?.port ?? 0;
    pids = product.pids;
  });
  after(() => product[Symbol.asyncDispose]());

  async function tls(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: direct, servername: HOST, ca: product.ca });
    await once(socket, 'secureConnect');
    return socket;
  }
  async function say(...parts: readonly (string | Buffer)[]): Promise<string> {
    const socket = await tls();
    for (const part of parts) socket.write(part);
    return untilClosed(socket);
  }

  const refusals: Readonly<Record<string, readonly [status: string, text: string]>> = {
    'no HTTP': ['400', `\0\x01\x02${'\xff'.repeat(64)}\r\n\r\n`],
    'a request line alone': ['400', 'GET\r\n\r\n'],
    'another protocol': ['400', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    'a version of the future': ['400', `GET / HTTP/9.9\r\nHost: ${HOST}\r\n\r\n`],
    'no Host': ['400', 'GET /keys HTTP/1.1\r\nConnection: close\r\n\r\n'],
    'another Host': ['421', 'GET /keys HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n'],
    'no Host in HTTP/1.0': ['400', 'GET /keys HTTP/1.0\r\n\r\n'],
    'an absolute target': ['400', `GET https://${HOST}/keys HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`],
    'a header without a name': ['400', `${HEAD}: x\r\n\r\n`],
    'a space before the colon': ['400', `${HEAD}Content-Length : 5\r\n\r\nhello`],
    'a folded header': ['400', `${HEAD}X-A: b\r\n c\r\n\r\n`],
    'a NUL in a header': ['400', `${HEAD}X-A: \0\r\n\r\n`],
    'a bare line feed': ['400', `GET / HTTP/1.1\nHost: ${HOST}\n\n`],
    'two lengths': ['400', `${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    'one length twice in a list': ['400', `${HEAD}Content-Length: 5, 5\r\n\r\nhello`],
    'a negative length': ['400', `${HEAD}Content-Length: -1\r\n\r\n`],
    'a length that is no number': ['400', `${HEAD}Content-Length: 0x10\r\n\r\n`],
    'a length beyond all numbers': ['400', `${HEAD}Content-Length: 99999999999999999999999\r\n\r\n`],
    'a length and chunks': ['400', `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    'chunks and a length': ['400', `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`],
    'an unknown transfer coding': ['400', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    'chunked that is not last': ['400', `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    'the same length twice': ['400', `${HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
    'a length with a sign': ['400', `${HEAD}Content-Length: +5\r\n\r\nhello`],
    'an empty length': ['400', `${HEAD}Content-Length:\r\n\r\n`],
    'a length behind a tab in the name': ['400', `${HEAD}Content-Length\t: 5\r\n\r\nhello`],
    'chunks behind a folded line': ['400', `${HEAD}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
    'chunks with a tab in the name': ['400', `${HEAD}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`],
    'a bare carriage return in a header': ['400', `${HEAD}X-A: b\rContent-Length: 5\r\n\r\n`],
    'a bare line feed between headers': ['400', `${HEAD}X-A: b\nContent-Length: 5\r\n\r\nhello`],
    'a space before the first header': ['400', `GET /keys HTTP/1.1\r\n Host: ${HOST}\r\n\r\n`],
    'two Hosts': ['400', `${HEAD}Host: elsewhere.example\r\nConnection: close\r\n\r\n`],
    'the same Host twice': ['400', `${HEAD}hOST: ${HOST}\r\nConnection: close\r\n\r\n`],
    'two callers': ['400', `${HEAD}Authorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: close\r\n\r\n`],
    'an absolute target with another host': [
      '400',
      `GET https://elsewhere.example/keys HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`,
    ],
    'our absolute target with another Host': [
      '421',
      `GET https://${HOST}/keys HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n`,
    ],
    ...Object.fromEntries(
      [
        `${HOST}.`,
        `${HOST}:8443`,
        `x@${HOST}`,
        `${HOST}, elsewhere.example`,
        `[::1]`,
        `[fe80::1%25eth0]`,
        '127.0.0.1',
      ].map((host): [string, readonly [string, string]] => [
        `the Host ${host}`,
        ['421', `GET /keys HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
      ]),
    ),
    'headers too large': ['431', `${HEAD}X-A: ${'a'.repeat(40_000)}\r\n\r\n`],
    'headers too many': ['431', `${HEAD}${'X-A: a\r\n'.repeat(6_000)}\r\n`],
    'a target too long': ['431', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
    'thousands of bytes without a line': ['431', 'A'.repeat(40_000)],
  };
  for (const [what, [status, text]] of Object.entries(refusals)) {
    test(`${what} is answered with ${status} and closed`, async () => {
      const received = await say(text);
      // A parser may give up before it has read as far as the size that is too much.
      const allowed = what === 'thousands of bytes without a line' ? ['400', '431'] : [status];
      assert.ok(allowed.includes(statuses(received).join()), received.slice(0, 300));
      const body = received.slice(received.indexOf('\r\n\r\n') + 4);
      const { error } = JSON.parse(body) as { error: { code: string; message: string } };
      assert.equal(typeof error.code, 'string');
      assert.match(error.message, /\(Activity ID: [0-9a-f-]{36}\)$/);
    });
  }

  test('chunks that are none end the connection without an answer to a second request', async () => {
    const post = `POST /keys/x/create?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n`;
    const smuggled = `GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    for (const chunk of ['zz\r\n', '5;\0\r\n', '-5\r\n', `${'f'.repeat(20)}\r\n`, '5\r\nhelloX']) {
      const received = await say(`${post}Transfer-Encoding: chunked\r\n\r\n${chunk}${smuggled}`);
      assert.ok(!statuses(received).includes('200'), received.slice(0, 200));
    }
  });

  test('what follows a request is another request and never part of it', async () => {
    const get = `GET /keys/demo-kek?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n`;
    const received = await say(`${get}\r\n${HEAD}\r\n${get}Connection: close\r\n\r\n`);
    assert.deepEqual(statuses(received), ['200', '401', '200']);
  });

  test('many requests in one write are all answered, in their order', async () => {
    const one = (name: string, last = ''): string =>
      `GET /keys/${name}?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n${last}\r\n`;
    const names = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 'demo-kek' : 'no-such-key'));
    const text = names.map((name, index) => one(name, index === 199 ? 'Connection: close\r\n' : '')).join('');
    assert.deepEqual(
      statuses(await say(text)),
      names.map((name) => (name === 'demo-kek' ? '200' : '404')),
    );
  });

  test('an upgrade is not made, and a tunnel not opened', async () => {
    const upgraded = await say(`${HEAD}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`);
    assert.ok(!upgraded.includes('HTTP/1.1 101'), upgraded);
    const tunnel = await say(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    assert.ok(!tunnel.includes('HTTP/1.1 200'), tunnel);
  });

  test('a client that leaves in the middle costs nothing', async () => {
    const post = `POST /keys/x/create?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\n`;
    for (const part of ['GET /ke', HEAD, `${post}Content-Length: 100\r\n\r\n{"kty"`, `${HEAD}\r\n`]) {
      const socket = await tls();
      socket.on('error', () => undefined);
      await new Promise<unknown>((resolve) => socket.write(part, resolve));
      socket.destroy();
      await untilClosed(socket);
      const halfOpen = await tls();
      halfOpen.end(part);
      await untilClosed(halfOpen);
    }
  });

  for (const [where, port] of [
    ['the instance', () => direct],
    ['the front', () => product.state.port],
  ] as const) {
    test(`what is not TLS is closed by ${where}`, async () => {
      for (const bytes of [
        Buffer.from(`${HEAD}\r\n`),
        Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
        Buffer.from([0x16, 3, 1, 0xff, 0xff, ...Buffer.alloc(70_000)]),
        Buffer.alloc(5_000, 0x80),
      ]) {
        const socket = connectPlain(port(), '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.end(bytes);
        const received = await untilClosed(socket);
        assert.doesNotMatch(received, /HTTP\/1\.1 2/);
      }
    });
  }

  test('the front proxies to no other place', async () => {
    for (const target of [
      'example.org:443',
      '127.0.0.1:22',

      '[::1]:80',
      `${HOST}.evil.example:443`,
      ':443',
    ]) {
      const socket = connectPlain(product.state.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
      assert.doesNotMatch(await untilClosed(socket), /^HTTP\/1\.[01] 2/, target);
    }
  });

  test('after all of it every process is there, and serves', async () => {
    using client = instanceClient(product, token);
    assert.equal((await client.ask('GET', '/keys/demo-kek')).status, 200);
    assert.deepEqual(
      pids.filter((pid) => !isAlive(pid)),
      [],
    );
    assert.doesNotMatch(product.output, /"failure"/);
    assert.ok(!product.output.includes(token));
  });
});

describe('a slow client', { concurrency: true }, () => {
  let listener: Listener;
  let ca: string;
  before(async () => {
    const authority = issueAuthority(new Date());
    const leaf = issueServer(authority, [HOST], new Date());
    ca = authority.certificate;
    listener = await listen(
      { ...leaf, host: '127.0.0.1', port: 0, shared: false, rules: { headersTimeout: 1_000, requestTimeout: 2_000 } },
      // Takes the body and never answers: the limits are the listener's own.
      ({ request }) => request.on('error', () => undefined).resume(),
    );
  });
  after(() => listener[Symbol.asyncDispose]());

  for (const [what, text] of Object.entries({
    'that stops within its headers': HEAD,
    'that says nothing': '',
    'that stops within its body': `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 100\r\n\r\n{`,
    'that stops within a chunk': `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{`,
  })) {
    test(`${what} is told so, or closed`, async () => {
      const socket = connect({ host: '127.0.0.1', port: listener.port, servername: HOST, ca });
      await once(socket, 'secureConnect');
      socket.write(text);
      const received = await untilClosed(socket);
      if (text !== '') assert.deepEqual(statuses(received), ['408'], received);
    });
  }
});
