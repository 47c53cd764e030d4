import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame } from '../formats/frames.ts';
import { Link, RequestFailed } from './link.ts';
import { activation, done, failed, provisionInstance, ready } from './messages.ts';

/** Two connected sockets: a real Unix socket pair. */
async function pair(): Promise<[Socket, Socket]> {
  const path = join(tmpdir(), `strongroom-link-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const a = connect(path);
  const [b] = await accepted;
  server.close();
  rmSync(path, { force: true });
  return [a, b];
}

test('messages arrive typed, in order and with their ids', async () => {
  const [a, b] = await pair();
  await using sender = new Link(a);
  await using receiver = new Link(b);
  const got: unknown[] = [];
  receiver.on(ready, (values, id) => got.push([values.port, values.modulePids, id]));
  const last = new Promise<void>((resolve) => {
    receiver.on(activation, (values) => {
      got.push(values.status);
      resolve();
    });
  });
  sender.send(ready, { port: 1, modulePids: [7] });
  sender.send(ready, { port: 2, modulePids: [] }, 9);
  sender.send(activation, { instance: 'dev', status: 'Active', message: '' });
  await last;
  assert.deepEqual(got, [[1, [7], 0], [2, [], 9], 'Active']);
});

test('a request is settled by the answer with its id, and by nothing else', async () => {
  const [a, b] = await pair();
  await using asker = new Link(a);
  await using answerer = new Link(b);
  answerer.on(provisionInstance, ({ request }, id) => {
    if (request === 'good') answerer.send(done, {}, id);
    else answerer.send(failed, { code: 'BadRequest', message: 'not good' }, id);
  });
  const bad = asker.request(provisionInstance, { request: 'bad' });
  const good = asker.request(provisionInstance, { request: 'good' });
  await good;
  await assert.rejects(bad, (error) => error instanceof RequestFailed && error.code === 'BadRequest');
});

test('requests in flight fail when the peer goes away', async () => {
  const [a, b] = await pair();
  const asker = new Link(a);
  const answerer = new Link(b);
  answerer.on(provisionInstance, () => answerer.end());
  await assert.rejects(asker.request(provisionInstance, { request: 1 }), /closed/);
  await asker.closed;
  await assert.rejects(asker.request(provisionInstance, { request: 1 }), /closed/);
  await answerer[Symbol.asyncDispose]();
});

test('what is not a known message ends the link, whatever it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 14, maxLength: 64 }), fc.nat(255), async (bytes, kind) => {
      const [a, b] = await pair();
      const link = new Link(b);
      link.on(ready, () => assert.fail('garbage was taken for a message'));
      // No value of `port` and `modulePids` encodes to these: the JSON part is not JSON.
      a.write(encodeFrame(1, kind, Buffer.concat([bytes, Buffer.of(0x7b)])));
      await link.closed;
      a.destroy();
    }),
    { numRuns: 50 },
  );
});

test('a frame that claims to be huge ends the link before it arrives', async () => {
  const [a, b] = await pair();
  const link = new Link(b);
  const head = Buffer.alloc(9);
  head.writeUInt32LE(256 * 1024 + 1, 0);
  a.write(head);
  await link.closed;
  a.destroy();
});

test('a link whose handler refuses a message is over', async () => {
  const [a, b] = await pair();
  const link = new Link(b);
  link.on(ready, () => {
    throw new Error('pids are not a list');
  });
  new Link(a).send(ready, { port: 1, modulePids: 'x' });
  await link.closed;
  a.destroy();
});
