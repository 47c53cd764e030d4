import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AnswerTooLarge, AnswerTooSlow, beginCall, call, readAnswer } from './outbound.ts';

async function serving(answer: RequestListener, use: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a call says what it was given and gets the whole answer; a redirect is an answer', () =>
  serving(
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' });
        response.end(`${request.method} ${request.url} ${request.headers['x-it']} ${Buffer.concat(chunks).toString()}`);
      });
    },
    async (url) => {
      const asked = { url, method: 'POST', headers: { 'x-it': 'yes' }, body: 'body', withinMs: 10_000 };
      const { status, headers, body } = await call(asked, 100);
      assert.deepEqual([status, headers.location], [302, 'http://127.0.0.1:1/']);
      assert.equal(body.toString(), 'POST /path?query yes body');
    },
  ));

test('no more is read than was allowed, and nothing where the status says so', () =>
  serving(
    (_request, response) => void response.end('12345'),
    async (url) => {
      await assert.rejects(call({ url, withinMs: 10_000 }, 4), AnswerTooLarge);
      assert.equal((await call({ url, withinMs: 10_000 }, 5)).body.length, 5);
      assert.equal((await call({ url, withinMs: 10_000 }, 0, () => false)).body.length, 0);
    },
  ));

test('it ends in time, before an answer and in the middle of one', () =>
  serving(
    (request, response) => {
      if (request.method === 'POST') response.write('beginning');
    },
    async (url) => {
      await assert.rejects(call({ url, withinMs: 50 }, 100), AnswerTooSlow);
      await assert.rejects(call({ url, method: 'POST', withinMs: 500 }, 100), AnswerTooSlow);
      await assert.rejects(async () => {
        const answer = await beginCall({ url, method: 'POST', withinMs: 500 });
        await readAnswer(answer, 100);
      });
    },
  ));

test('whoever stops it gets their reason', () =>
  serving(
    () => {},
    async (url) => {
      const stop = new AbortController();
      const asked = call({ url, withinMs: 60_000, stopping: stop.signal }, 100);
      stop.abort(new Error('the service stops'));
      await assert.rejects(asked, /the service stops/);
    },
  ));

test('a failure keeps its code and does not tell the address', async () => {
  const failure = call({ url: new URL('http://127.0.0.1:1/?secret'), withinMs: 10_000 }, 100);
  await assert.rejects(failure, (error: NodeJS.ErrnoException) => {
    assert.equal(error.code, 'ECONNREFUSED');
    return !error.message.includes('secret');
  });
});
