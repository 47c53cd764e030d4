import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { call } from './call.ts';

/** Answers come in this order, the last one again and again; time passes at once. */
function served(t: TestContext, answers: readonly Response[]) {
  const waits: number[] = [];
  let asked = 0;
  t.mock.method(globalThis, 'fetch', () => {
    asked += 1;
    return Promise.resolve((answers[asked - 1] ?? answers.at(-1))?.clone());
  });
  t.mock.method(globalThis, 'setTimeout', (then: () => void, ms: number) => {
    waits.push(ms);
    queueMicrotask(then);
  });
  return { waits, asked: () => asked };
}

const later = (retryAfter?: string): Response =>
  new Response('{"error":{"code":"Throttled","message":"later"}}', {
    status: 429,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  });
const ask = () => call('token', 'POST', 'https://dev.example/keys', [200], { a: 1 });

test('who is told to come again later waits as told, and is served', async (t) => {
  const { waits } = served(t, [later('7'), later(), later('0'), new Response('{"b":2}')]);
  assert.deepEqual(await ask(), { status: 200, body: { b: 2 } });
  assert.deepEqual(waits, [7000, 1000, 1000]);
});

test('nobody waits for longer than a minute in all', async (t) => {
  const { waits, asked } = served(t, [later('25')]);
  await assert.rejects(ask(), { code: 'Throttled' });
  assert.deepEqual([waits, asked()], [[25_000, 25_000], 3]);
});

for (const [what, answer] of [
  ['a wait longer than that', later('61')],
  ['a wait that is no number of seconds', later('Fri, 27 Nov 2026 12:00:00 GMT')],
  [
    'any other refusal',
    new Response('{"error":{"code":"Throttled"}}', { status: 503, headers: { 'retry-after': '1' } }),
  ],
] as const) {
  test(`${what} fails at once`, async (t) => {
    const { waits, asked } = served(t, [answer]);
    await assert.rejects(ask(), { code: 'Throttled' });
    assert.deepEqual([waits, asked()], [[], 1]);
  });
}
