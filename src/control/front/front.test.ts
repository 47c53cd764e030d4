import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { instanceKey } from '../../formats/front-proof.ts';
import { writeIpAddress } from '../../formats/ip-address.ts';
import { readProxyHeader } from '../../formats/proxy-protocol.ts';
import { KnownFront, PROOF_EXTENSION } from '../../http/front-proof.ts';
import { type Front, openFront } from './front.ts';
import type { Target } from './names-table.ts';

describe('the front', () => {
  const servers: Server[] = [];
  const targets = new Map<string, Target>();
  let fallbackPort = 0;
  let besidesPort = 0;
  let token: Uint8Array | undefined = new Uint8Array(32).fill(9);
  let front: Front;
  let known: KnownFront;
  let cameFrom: number | undefined;

  /** A listener that answers every first chunk with its own name and the chunk, and then echoes. */
  const echo = async (name: string): Promise<number> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      cameFrom = socket.remotePort;
      socket.write(`${name}:`);
      socket.pipe(socket);
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  before(async () => {
    known = new KnownFront(() => token && instanceKey(token, 'HSM'));
    targets.set('one.localhost', { kind: 'serving', port: await echo('one') });
    targets.set('hsm.localhost', { kind: 'serving', port: await echo('hsm'), instance: 'hsm' });
    targets.set('down.localhost', { kind: 'down' });
    targets.set('nosuch.localhost', { kind: 'unknown', instance: 'nosuch' });
    targets.set('odd.localhost', { kind: 'unknown', instance: 'a.b\r\nx: y' });
    targets.set('gone.localhost', { kind: 'serving', port: 1 });
    fallbackPort = await echo('fallback');
    besidesPort = await echo('besides');
    front = await openFront({
      port: 0,
      resolve: (hostname) => targets.get(hostname) ?? { kind: 'unknown' as const },
      besides: (instance, port) =>
        instance === 'hsm' && port === 9443 ? { address: '127.0.0.1', port: besidesPort } : undefined,
      token: () => token,
      fallbackPort: () => fallbackPort,
      // Short only where a client shall be given up: a slow machine may not be taken for a slow client.
      openingMs: 600_000,
    });
  });
  after(async () => {
    await front[Symbol.asyncDispose]();
    for (const server of servers) server.close();
  });

  const open = async (port = front.port): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const all = async (socket: Socket): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    await once(socket, 'close');
    return Buffer.concat(chunks);
  };
  /** What arrives at the listener that a TLS client with this server name is led to. */
  const led = async (servername: string): Promise<string> => {
    const client = connectTls({ host: '127.0.0.1', port: front.port, servername });
    const [error] = (await once(client, 'error')) as [Error];
    return error.message;
  };
  const ask = async (text: string): Promise<string> => {
    const socket = await open();
    socket.end(text);
    return (await all(socket)).toString('latin1');
  };

  test('leads a CONNECT for a known name to its listener, with what follows the head', async () => {
    const answer = await ask('CONNECT one.localhost:443 HTTP/1.1\r\nHost: one.localhost\r\n\r\nhello');
    assert.equal(answer, 'HTTP/1.1 200 Connection established\r\n\r\none:hello');
  });

  test('tells an instance who the client is, and joins nobody with one that does not know it yet', async () => {
    const [head = '', rest = ''] = (await ask('CONNECT hsm.localhost:443 HTTP/1.1\r\n\r\nhello')).split('hsm:');
    assert.match(head, /^HTTP\/1\.1 200 /);
    const header = readProxyHeader(Buffer.from(rest, 'latin1'));
    assert.ok(header.kind === 'header' && header.source !== undefined);
    assert.equal(writeIpAddress(header.source), '127.0.0.1');
    const target = targets.get('hsm.localhost');
    const shown = {
      source: '127.0.0.1',
      fromPort: cameFrom ?? 0,
      toPort: target?.kind === 'serving' ? target.port : 0,
    };
    assert.ok(known.isShownBy(header.extensions.get(PROOF_EXTENSION), shown));
    assert.equal(
      Buffer.from(rest, 'latin1').includes(Buffer.from(token ?? [])),
      false,
      'the secret itself is not told',
    );
    assert.equal(rest.slice(header.length), 'hello');
    const kept = token;
    token = undefined;
    assert.match(await ask('CONNECT hsm.localhost:443 HTTP/1.1\r\n\r\nhello'), /^HTTP\/1\.1 502 /);
    token = kept;
  });

  test('leads a CONNECT with the port of a private listener there, and introduces nobody', async () => {
    const answer = await ask('CONNECT hsm.localhost:9443 HTTP/1.1\r\n\r\nhello');
    assert.equal(answer, 'HTTP/1.1 200 Connection established\r\n\r\nbesides:hello');
    assert.match(await ask('CONNECT one.localhost:9443 HTTP/1.1\r\n\r\nhello'), /\r\none:hello$/);
  });

  test('refuses every other name, and every request that is not CONNECT', async () => {
    assert.match(
      await ask('CONNECT example.org:443 HTTP/1.1\r\n\r\n'),
      /^HTTP\/1\.1 403 this proxy reaches Strongroom only\r\n/,
    );
    assert.match(await ask('CONNECT 127.0.0.1:22 HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 403 /);
    assert.match(await ask('GET http://one.localhost/ HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 403 /);
    assert.match(await ask('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('says of a host that is not ours what it is, why it came here, and the ways out', async () => {
    const [head = '', body = ''] = (await ask('CONNECT Registry.npmjs.org:443 HTTP/1.1\r\n\r\n')).split('\r\n\r\n');
    assert.match(body, /^this proxy reaches Strongroom only; nothing is forwarded\.\n/);
    assert.match(body, /^registry\.npmjs\.org is not a name of Strongroom, .*'\.\/strongroom env' send all HTTPS/m);
    assert.match(body, /eval "\$\(\.\/strongroom env --pass registry\.npmjs\.org\)"\. Or use another shell/);
    assert.match(head, new RegExp(`^content-length: ${Buffer.byteLength(body)}$`, 'm'));
    assert.doesNotMatch(head, /npmjs/);
    assert.doesNotMatch(await ask('CONNECT nosuch.localhost:443 HTTP/1.1\r\n\r\n'), /--pass/);
  });

  test('names the instance that does not exist, where a client shows it, and repeats nothing else', async () => {
    assert.match(
      await ask('CONNECT nosuch.localhost:443 HTTP/1.1\r\n\r\n'),
      /^HTTP\/1\.1 403 no HSM named nosuch here\r\n/,
    );
    assert.match(
      await ask('CONNECT odd.localhost:443 HTTP/1.1\r\n\r\n'),
      /^HTTP\/1\.1 403 this proxy reaches Strongroom only\r\n/,
    );
  });

  test('says when a known name is not served now', async () => {
    assert.match(await ask('CONNECT down.localhost:443 HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 503 /);
    assert.match(await ask('CONNECT gone.localhost:443 HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 502 /);
  });

  test('leads TLS by its server name, and without a known one to the control process', async () => {
    // The listeners are no TLS servers: the client's complaint shows that something answered; which one, the next test.
    assert.match(await led('one.localhost'), /wrong version|packet length|SSL|record/i);
    const before = fallbackPort;
    fallbackPort = 1;
    assert.match(await led('unknown.localhost'), /ECONNRESET|disconnected|hang up/);
    assert.match(await led('one.localhost'), /wrong version|packet length|SSL|record/i);
    fallbackPort = before;
    assert.match(await led('unknown.localhost'), /wrong version|packet length|SSL|record/i);
  });

  test('counts those that have not said what they want, and leaves those that it led to an instance to that', async () => {
    await using own = await openFront({
      port: 0,
      connectionsPerAddress: 1,
      resolve: (hostname) => targets.get(hostname) ?? { kind: 'unknown' as const },
      token: () => token,
      fallbackPort: () => fallbackPort,
      openingMs: 600_000,
    });
    const led = await open(own.port);
    led.write('CONNECT hsm.localhost:443 HTTP/1.1\r\n\r\nhello');
    let said = '';
    while (!said.includes('hsm:')) said += String((await once(led, 'data'))[0]);
    const first = await open(own.port);
    first.resume();
    const closed = once(first, 'end');
    const second = await open(own.port);
    await closed;
    assert.deepEqual([led.readableEnded, second.readableEnded], [false, false]);
    for (const socket of [led, first, second]) socket.destroy();
  });

  test('closes a client that does not say what it wants', async () => {
    await using hasty = await openFront({
      port: 0,
      resolve: (hostname) => targets.get(hostname) ?? { kind: 'unknown' },
      token: () => token,
      fallbackPort: () => fallbackPort,
      openingMs: 200,
    });
    for (const beginning of ['', 'CONNECT one.loc', '\x16\x03\x01']) {
      const socket = await open(hasty.port);
      socket.write(Buffer.from(beginning, 'latin1'));
      assert.equal((await all(socket)).length, 0);
    }
  });

  test('closes a client that says it in very many pieces, long before its time is up', async () => {
    await using patient = await openFront({
      port: 0,
      resolve: () => ({ kind: 'unknown' }),
      token: () => token,
      fallbackPort: () => fallbackPort,
      openingMs: 600_000,
    });
    const socket = connect({ host: '127.0.0.1', port: patient.port, noDelay: true });
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'connect');
    // The beginning of a ClientHello of 16 KiB that never ends.
    const beginning = [0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0];
    let sent = 0;
    for (; !socket.destroyed && sent < 10_000; sent++) {
      socket.write(Uint8Array.of(beginning[sent] ?? 0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sent >= 64 && sent < 1000, `${sent} pieces`);
  });

  test('carries much data through a slow reader, and passes the half-close on', async () => {
    const socket = await open();
    const sent = Buffer.alloc(4 * 1024 * 1024, 'x');
    socket.write('CONNECT one.localhost:443 HTTP/1.1\r\n\r\n');
    socket.pause();
    socket.end(sent);
    setImmediate(() => socket.resume());
    const received = await all(socket);
    assert.equal(received.length, 'HTTP/1.1 200 Connection established\r\n\r\none:'.length + sent.length);
  });
});
