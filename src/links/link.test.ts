import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame } from '../formats/frames.ts';
import { provisionInstance } from './control-messages.ts';
import { activation } from './instance-messages.ts';
import { Link, RequestFailed } from './link.ts';
import { MAX_SUPERVISION_FRAME, question, ready } from './messages.ts';

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

test('messages arrive typed and in order', async () => {
  const [a, b] = await pair();
  await using sender = new Link(a);
  await using receiver = new Link(b);
  const got: unknown[] = [];
  receiver.on(ready, (values) => void got.push([values.port, values.modulePids]));
  const last = new Promise<void>((resolve) => {
    receiver.on(activation, (values) => {
      got.push(values.activation);
      resolve();
    });
  });
  sender.send(ready, { port: 1, modulePids: [7] });
  sender.send(ready, { port: 2, modulePids: [] });
  sender.send(activation, { activation: 'Active', message: '' });
  await last;
  assert.deepEqual(got, [[1, [7]], [2, []], 'Active']);
});

test('a request is settled by the answer with its id, and by nothing else', async () => {
  const [a, b] = await pair();
  await using asker = new Link(a);
  await using answerer = new Link(b);
  answerer.answer(
    provisionInstance,
    ({ request }) => (request === 'good' ? undefined : Promise.reject(new Error('not good'))),
    (error) => ({ code: 'BadRequest', message: String(error) }),
  );
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

test('a link whose message has another shape, or is refused by its handler, is over', async () => {
  for (const modulePids of [[1], 'x' as never]) {
    const [a, b] = await pair();
    const link = new Link(b);
    link.on(ready, () => {
      throw new Error('the port is taken');
    });
    new Link(a).send(ready, { port: 1, modulePids });
    await link.closed;
    a.destroy();
  }
});

test('what has no room in a frame is refused where it is sent, and the link goes on', async () => {
  const [a, b] = await pair();
  await using asker = new Link(a);
  await using answerer = new Link(b);
  const long = 'x'.repeat(MAX_SUPERVISION_FRAME);
  let nested: unknown = [];
  for (let depth = 0; depth < 200_000; depth++) nested = [nested];
  const answers: Readonly<Record<string, unknown>> = { long, nested, most: long.slice(0, -100), short: 1 };
  const telling = question(200, { what: 'text' }, (value): unknown => value);
  answerer.answer(telling, ({ what }) => answers[what]);
  answerer.answer(
    provisionInstance,
    () => Promise.reject(new Error('no')),
    () => ({ code: 'BadRequest', message: long }),
  );
  for (const what of ['long', 'nested']) {
    await assert.rejects(asker.request(telling, { what }), { name: 'RequestFailed', code: 'Failed' });
  }
  await assert.rejects(asker.request(provisionInstance, { request: 1 }), { code: 'Failed' });
  await assert.rejects(asker.request(telling, { what: long }), { name: 'RequestFailed', code: 'TooLong' });
  asker.send(activation, { activation: 'Failed', message: long });
  assert.equal(await asker.request(telling, { what: 'most' }), answers['most']);
  assert.equal(await asker.request(telling, { what: 'short' }), 1);
});

test('a peer that does not read what it is sent has its link ended before that takes the memory of others', async () => {
  const [a, b] = await pair();
  await using link = new Link(a);
  const message = 'x'.repeat(250_000);
  let sent = 0;
  for (; link.refused === undefined && sent < 1_000; sent++) link.send(activation, { activation: 'Failed', message });
  assert.match(String(link.refused), /does not read/);
  assert.ok(sent > 500, `${sent}`);
  await link.closed;
  b.destroy();
});
