import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { MAX_CLIENT_HELLO, readClientHello } from './client-hello.ts';

describe('the reader of ClientHellos', () => {
  let hello: Buffer;
  before(async () => {
    hello = await captureHello('Dev.ManagedHSM.localhost');
  });

  test('finds the server name of a real client, in lower case', () => {
    assert.deepEqual(readClientHello(hello), { kind: 'hello', serverName: 'dev.managedhsm.localhost' });
  });

  test('finds no name when the client sends none', async () => {
    assert.deepEqual(readClientHello(await captureHello('')), { kind: 'hello', serverName: undefined });
  });

  test('waits for more after any part of a hello', () => {
    for (let length = 0; length < hello.length; length++) {
      assert.equal(readClientHello(hello.subarray(0, length)).kind, 'incomplete', `after ${length} bytes`);
    }
  });

  test('finds the name however the hello is spread over records', () => {
    const message = hello.subarray(5);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: message.length - 1 }), { maxLength: 6 }), (cuts) => {
        const ends = [...new Set(cuts)].sort((a, b) => a - b).concat(message.length);
        let start = 0;
        const records = ends.map((end) => {
          const part = message.subarray(start, end);
          start = end;
          return Buffer.concat([Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 255]), part]);
        });
        const read = readClientHello(Buffer.concat(records));
        assert.deepEqual(read, { kind: 'hello', serverName: 'dev.managedhsm.localhost' });
      }),
    );
  });

  test('stands any bytes at all, alone and behind a record head', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, framed) => {
        const head = [0x16, 3, 1, bytes.length >> 8, bytes.length & 255];
        const read = readClientHello(framed ? Buffer.concat([Buffer.from(head), bytes]) : bytes);
        assert.ok(['incomplete', 'hello', 'malformed'].includes(read.kind));
      }),
      { numRuns: 2_000 },
    );
  });

  test('never takes a name that is no host name out of a damaged hello', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_000 }), fc.nat({ max: 255 }), (at, value) => {
        const damaged = Buffer.from(hello);
        damaged[at % damaged.length] = value;
        const read = readClientHello(damaged);
        if (read.kind === 'hello' && read.serverName !== undefined)
          assert.match(read.serverName, /^[a-z0-9._-]{1,253}$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses what can never become a hello', () => {
    const endless = Buffer.concat([
      Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xff]),
      Buffer.alloc(MAX_CLIENT_HELLO),
    ]);
    assert.equal(readClientHello(Buffer.from('GET / HTTP/1.1\r\n')).kind, 'malformed');
    assert.equal(readClientHello(Buffer.from([0x16, 2])).kind, 'malformed');
    assert.equal(readClientHello(Buffer.from([0x16, 3, 1, 0, 0])).kind, 'malformed');
    assert.equal(readClientHello(Buffer.from([0x16, 3, 1, 0, 4, 2, 0, 0, 0])).kind, 'malformed');
    assert.equal(readClientHello(endless.subarray(0, MAX_CLIENT_HELLO)).kind, 'malformed');
  });
});

/** The first bytes that a real TLS client sends. */
async function captureHello(servername: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  let bytes = Buffer.alloc(0);
  while (readClientHello(bytes).kind === 'incomplete') {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
