// The door of an instance: how its connections are kept, who they are said to come from, and what renews them.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { X509CertificateGenerator } from '@peculiar/x509';
import { type Issued, issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { instanceKey } from '../../src/formats/front-proof.ts';
import { readIpRange } from '../../src/formats/ip-address.ts';
import { writeProxyHeader } from '../../src/formats/proxy-protocol.ts';
import type { Call } from '../../src/http/call.ts';
import { KnownFront, PROOF_EXTENSION, proveConnection } from '../../src/http/front-proof.ts';
import { type Listener, type ListenerOptions, listen } from '../../src/http/listener.ts';

const HOST = 'dev.managedhsm.azure.net';
let authority: Issued;
let leaf: Issued;
before(async () => {
  authority = issueAuthority(new Date());
  leaf = issueServer(authority, [HOST], new Date());
});

/** Answers with what is known of the peer. */
function open(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  return listen({ ...leaf, host: '127.0.0.1', port: 0, shared: false, ...options }, ({ peer, response }) => {
    response.end(JSON.stringify(peer));
  });
}

async function over(socket: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const secured = connect({ socket, servername: HOST, ca: authority.certificate, ...options });
  await once(secured, 'secureConnect');
  // A server that refuses in version 1.3 does so after the client believes itself connected.
  secured.on('error', () => undefined);
  return secured;
}

const to = ({ port }: Listener): Socket => connectPlain({ host: '127.0.0.1', port });

/** One request on an open connection. */
async function ask(socket: TLSSocket): Promise<unknown> {
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  let text = '';
  while (!/\r\n\r\n.+\r\n0\r\n\r\n|\r\n\r\n\{.*\}$/s.test(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  return JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '');
}

async function isClosed(socket: Socket): Promise<boolean> {
  socket.on('error', () => undefined); // a reset is a closed connection, too
  socket.resume();
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return true;
}

/** A client that is its own authority. */
async function selfSigned(): Promise<Issued> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=client',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const body = pkcs8.match(/.{1,64}/g)?.join('\n') ?? '';
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
    certificate: certificate.toString('pem'),
  };
}

describe('TLS', () => {
  test('keys are agreed on with a hybrid that a quantum computer does not break, and with X25519 otherwise', async () => {
    await using listener = await open();
    for (const [offered, taken] of Object.entries({
      'X25519MLKEM768:X25519': 'X25519MLKEM768',
      'X25519:X25519MLKEM768': 'X25519MLKEM768',
      X25519: 'X25519',
      'P-384': 'secp384r1',
    })) {
      const socket = await over(to(listener), { ecdhCurve: offered });
      assert.equal((socket.getEphemeralKeyInfo() as { name?: string }).name, taken, offered);
      assert.equal(socket.getProtocol(), 'TLSv1.3');
      socket.destroy();
    }
  });

  test('version 1.2 is refused, and where it is wanted has authenticated encryption only', async () => {
    await using strict = await open();
    await assert.rejects(over(to(strict), { maxVersion: 'TLSv1.2' }), /alert protocol version/);
    await using wide = await open({ minVersion: 'TLSv1.2' });
    const socket = await over(to(wide), { maxVersion: 'TLSv1.2' });
    assert.match(socket.getCipher().name, /GCM|CHACHA20/);
    socket.destroy();
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'AES128-GCM-SHA256']) {
      await assert.rejects(over(to(wide), { maxVersion: 'TLSv1.2', ciphers }), /alert handshake failure/, ciphers);
    }
  });

  test('a renewed certificate is shown to the next connection, and the open one goes on', async () => {
    await using listener = await open();
    const before = await over(to(listener));
    const renewed = issueServer(authority, [HOST], new Date());
    listener.renew(renewed);
    const after = await over(to(listener));
    assert.notEqual(after.getPeerX509Certificate()?.serialNumber, before.getPeerX509Certificate()?.serialNumber);
    assert.ok(await ask(before));
    assert.ok(await ask(after));
    // What does not fit changes nothing.
    assert.throws(() => listener.renew({ ...leaf, key: renewed.key }), /key values mismatch/);
    assert.throws(() => listener.renew({ ...leaf, certificate: 'none' }));
    const still = await over(to(listener));
    assert.equal(still.getPeerX509Certificate()?.serialNumber, after.getPeerX509Certificate()?.serialNumber);
    for (const socket of [before, after, still]) socket.destroy();
  });

  test('connections that are retired end: idle ones at once, others with their answer', async () => {
    const waiting: Call[] = [];
    const came = Promise.withResolvers<void>();
    await using listener = await listen({ ...leaf, host: '127.0.0.1', port: 0, shared: false }, (call) => {
      if (call.request.url === '/') call.response.end('{}');
      else {
        waiting.push(call);
        came.resolve();
      }
    });
    const [idle, busy] = [await over(to(listener)), await over(to(listener))];
    await ask(idle);
    busy.write(`GET /later HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await came.promise;
    listener.retire();
    assert.ok(await isClosed(idle));
    const chunks: Buffer[] = [];
    busy.on('data', (chunk: Buffer) => chunks.push(chunk));
    waiting[0]?.response.end('{"late":true}');
    assert.ok(await isClosed(busy));
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*\{"late":true\}/);
    const after = await over(to(listener));
    assert.ok(await ask(after), 'new ones go on');
    after.destroy();
  });

  test('a request behind the last answer of a connection is not carried out, as nobody could be told', async () => {
    const asked: Call[] = [];
    const came = Promise.withResolvers<void>();
    await using listener = await listen({ ...leaf, host: '127.0.0.1', port: 0, shared: false }, (call) => {
      asked.push(call);
      came.resolve();
    });
    const socket = await over(to(listener));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`POST /first HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\n{`);
    await came.promise;
    listener.retire();
    // Of one piece, so that both are there when the first has ended.
    socket.write(`}GET /second HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const [first] = asked;
    assert.ok(first);
    first.request.resume();
    await once(first.request, 'end');
    first.response.end('"first"');
    assert.ok(await isClosed(socket));
    assert.match(text, /^HTTP\/1\.1 200 [^]*"first"/);
    assert.deepEqual(
      asked.map(({ request }) => request.url),
      ['/first'],
    );
  });

  test('with client authorities, a client needs a certificate of one of them', async () => {
    const client = await selfSigned();
    await using listener = await open({ clientAuthorities: client.certificate });
    const good = await over(to(listener), { key: client.key, cert: client.certificate });
    assert.ok(await ask(good));
    good.destroy();
    const without = await over(to(listener));
    assert.ok(await isClosed(without));
    const stranger = await selfSigned();
    const foreign = await over(to(listener), { key: stranger.key, cert: stranger.certificate });
    assert.ok(await isClosed(foreign));
  });
});

describe('a listener that leaves', () => {
  test('takes no connection any more, and answers once more on those that there are', async () => {
    const listener = await open();
    const socket = await over(to(listener));
    await ask(socket);
    const left = listener.leave();
    await assert.rejects(once(to(listener), 'connect'), { code: 'ECONNREFUSED' });
    await ask(socket);
    assert.ok(await isClosed(socket), 'that answer was the last');
    await left;
    await listener[Symbol.asyncDispose]();
  });

  test('goes on taking them for as long as it lingers', async () => {
    await using listener = await open();
    const socket = await over(to(listener));
    await ask(socket);
    void listener.leave(60_000);
    await ask(await over(to(listener)));
    await ask(socket);
  });
});

describe('what is no HTTP', () => {
  /** All that a connection answers which sends this, to a listener that answers requests so. */
  async function answersTo(text: string, take: (call: Call) => void): Promise<string> {
    await using listener = await listen({ ...leaf, host: '127.0.0.1', port: 0, shared: false }, take);
    const socket = await over(to(listener));
    socket.write(text);
    let heard = '';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    await isClosed(socket);
    return heard;
  }
  const statuses = (heard: string): readonly string[] =>
    [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, s]) => s ?? '');
  const get = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  const brokenBody = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n`;

  test('is answered where it is next, and never in the place of an answer that is still to come', async () => {
    assert.deepEqual(statuses(await answersTo('no HTTP\r\n\r\n', () => assert.fail())), ['400']);
    const never = (): void => undefined;
    assert.deepEqual(statuses(await answersTo(`${get}no HTTP\r\n\r\n`, never)), []);
    assert.deepEqual(statuses(await answersTo(`${get}${get}no HTTP\r\n\r\n`, never)), []);
    assert.deepEqual(statuses(await answersTo(`${get}${brokenBody}`, never)), []);
  });

  test('in a body is answered once: by what is wrong with it, or by the answer that the request has already', async () => {
    assert.deepEqual(statuses(await answersTo(brokenBody, () => undefined)), ['400']);
    const early = (call: Call): void => void call.response.writeHead(401).end();
    assert.deepEqual(statuses(await answersTo(brokenBody, early)), ['401']);
  });
});

describe('the peer', () => {
  const secret = new Uint8Array(32).fill(7);
  const key = instanceKey(secret, 'dev');
  const front = (): NonNullable<ListenerOptions['proxies']> => ({ front: new KnownFront(() => key) });
  const folder = mkdtempSync(join(tmpdir(), 'listener-'));
  after(() => rmSync(folder, { recursive: true }));

  /** A connection that begins with these bytes. */
  function through(listener: Listener, ...bytes: readonly Buffer[]): Socket {
    const socket = to(listener);
    for (const part of bytes) socket.write(part);
    return socket;
  }

  /** A connection of the front's, in two pieces: the header may come in any. */
  async function introduced(listener: Listener, address: string, by: Uint8Array = secret): Promise<Socket> {
    const socket = to(listener);
    await once(socket, 'connect');
    const header = proveConnection(socket, { secret: by, instance: 'dev', client: { address, port: 50_000 } });
    socket.write(header.subarray(0, 20));
    socket.write(header.subarray(20));
    return socket;
  }

  test('is who connects, where no proxy stands before', async () => {
    await using listener = await open();
    const socket = await over(to(listener));
    assert.deepEqual(await ask(socket), { address: '127.0.0.1', way: 'direct' });
    socket.destroy();
  });

  test('is who the front says, on every request of the connection, whoever comes at the same moment', async () => {
    await using listener = await open({ way: 'public', proxies: front() });
    const addresses = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? `203.0.113.${n}` : `2001:db8::${n}`));
    await Promise.all(
      addresses.map(async (address) => {
        const secured = await over(await introduced(listener, address));
        for (let round = 0; round < 2; round++) assert.deepEqual(await ask(secured), { address, way: 'public' });
        secured.destroy();
      }),
    );
    const mapped = await over(await introduced(listener, '::ffff:198.51.100.9'));
    assert.deepEqual(await ask(mapped), { address: '198.51.100.9', way: 'public' });
    mapped.destroy();
  });

  test('is who connects directly, where that is taken too; a header still needs the proof', async () => {
    const known: { key?: Uint8Array } = {};
    const proxies = { front: new KnownFront(() => known.key) };
    await using listener = await open({ way: 'public', proxies, alsoDirect: true });
    const direct = await over(to(listener));
    assert.deepEqual(await ask(direct), { address: '127.0.0.1', way: 'direct' });
    direct.destroy();
    assert.ok(await isClosed(await introduced(listener, '203.0.113.1')));
    known.key = key;
    const told = await over(await introduced(listener, '203.0.113.1'));
    assert.deepEqual(await ask(told), { address: '203.0.113.1', way: 'public' });
    told.destroy();
    assert.ok(await isClosed(await introduced(listener, '203.0.113.1', new Uint8Array(32))));
  });

  test('is nobody who cannot prove to be the front: spoofed, missing and foreign headers end the connection', async () => {
    await using listener = await open({ way: 'public', proxies: front() });
    assert.ok(await isClosed(await introduced(listener, '203.0.113.1', new Uint8Array(32).fill(8))));
    for (const bytes of [
      writeProxyHeader('203.0.113.1', 1),
      writeProxyHeader('203.0.113.1', 1, new Map([[PROOF_EXTENSION, key]])),
      Buffer.from('PROXY TCP4 203.0.113.1 127.0.0.1 1 2\r\n'),
      Buffer.from([0x16, 3, 1, 0, 100]),
    ]) {
      assert.ok(await isClosed(through(listener, bytes)));
    }
  });

  test('is nobody who repeats what the front said to somebody else, or on another connection', async () => {
    await using listener = await open({ way: 'public', proxies: front() });
    const socket = to(listener);
    await once(socket, 'connect');
    const header = proveConnection(socket, {
      secret,
      instance: 'dev',
      client: { address: '203.0.113.1', port: 50_000 },
    });
    assert.ok(await isClosed(through(listener, header)), 'from another port');
    socket.write(header);
    const good = await over(socket);
    assert.deepEqual(await ask(good), { address: '203.0.113.1', way: 'public' });
    good.destroy();
  });

  test('a proxy speaks for others from a listed address, or through a socket that only it can reach', async () => {
    const way = { private: 'pe-1' };
    await using listed = await open({ way, proxies: { from: [readIpRange('127.0.0.0/8')] } });
    const socket = await over(through(listed, writeProxyHeader('10.1.2.3', 1)));
    assert.deepEqual(await ask(socket), { address: '10.1.2.3', way });
    socket.destroy();
    await using unlisted = await open({ way, proxies: { from: [readIpRange('10.0.0.0/8')] } });
    assert.ok(await isClosed(through(unlisted, writeProxyHeader('10.1.2.3', 1))));
    const socketPath = join(folder, 'private.sock');
    await using local = await open({ way, socketPath, proxies: 'socket' });
    assert.equal(local.port, 0);
    const raw = connectPlain(socketPath);
    raw.write(writeProxyHeader('10.1.2.4', 1));
    const secured = await over(raw);
    assert.deepEqual(await ask(secured), { address: '10.1.2.4', way });
    secured.destroy();
  });

  test('has a number of connections; for one more its oldest without a token is closed, and others have theirs', async () => {
    await using listener = await open({ way: 'public', proxies: front(), connectionsPerAddress: 2 });
    const first = await over(await introduced(listener, '203.0.113.1'));
    const second = await over(await introduced(listener, '203.0.113.1'));
    const third = await over(await introduced(listener, '203.0.113.1'));
    assert.ok(await isClosed(first));
    const other = await over(await introduced(listener, '203.0.113.2'));
    for (const socket of [second, third, other]) assert.ok(await ask(socket));
    for (const socket of [second, third, other]) socket.destroy();
  });

  test('without a proxy, a Unix socket has no address', async () => {
    const socketPath = join(folder, 'plain.sock');
    await using local = await open({ way: { private: 'pe-2' }, socketPath });
    const secured = await over(connectPlain(socketPath));
    assert.deepEqual(await ask(secured), { address: '', way: { private: 'pe-2' } });
    secured.destroy();
    assert.equal(local.port, 0);
  });
});
