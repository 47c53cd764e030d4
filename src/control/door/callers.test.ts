import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { type Authenticate, ControlError, type ControlRequest } from '../../http/control-row.ts';
import { ControlCallers, type CountedVisit } from './callers.ts';

const BURST = 2;
const NOT_FOUND = new ControlError(404, 'NotFound', 'There is nothing at this path.');

interface World {
  readonly callers: ControlCallers;
  readonly logged: readonly string[];
}

function open(): World {
  const logged: string[] = [];
  const limits = { strangers: { burst: BURST, perSecond: 0.01 }, connectionsPerAddress: 1 };
  const callers = new ControlCallers({ limits, elapsed: () => 0, log: (text) => logged.push(text) });
  return { callers, logged };
}

/** The front's connection to the listener. */
function leads({ callers }: World, client: string, port: number, known = (): void => undefined): Socket {
  const server = Object.assign(new EventEmitter(), { localAddress: '127.0.0.1', localPort: port }) as unknown as Socket;
  callers.led(server, client, known);
  return server;
}

function visit({ callers }: World, remoteAddress: string, remotePort: number): CountedVisit {
  return callers.visit({ remoteAddress, remotePort } as Socket);
}

const statusOf = (error: unknown): unknown => (error as ControlError).status;

test('who has the port of the front’s connection at another loopback address is not its client, in cost or in the log', () => {
  const world = open();
  leads(world, '192.0.2.1', 5000);
  const foreign = (): unknown => statusOf(visit(world, '127.0.0.2', 5000).refusal(NOT_FOUND));
  assert.deepEqual([foreign(), foreign(), foreign()], [404, 404, 429]);
  assert.deepEqual(world.logged, ['control: a request of a client without an address was throttled']);
  assert.equal(visit(world, '127.0.0.1', 5000).refusal(NOT_FOUND), NOT_FOUND);
});

test('a connection is its client’s until it closes', () => {
  const world = open();
  const server = leads(world, '192.0.2.1', 5000);
  for (let n = 0; n < BURST; n++) visit(world, '127.0.0.1', 5000).refusal(NOT_FOUND);
  assert.equal(statusOf(visit(world, '127.0.0.1', 5000).refusal(NOT_FOUND)), 429);
  server.emit('close');
  assert.equal(visit(world, '127.0.0.1', 5000).refusal(NOT_FOUND), NOT_FOUND);
});

test('an answer that refuses costs a stranger as a thrown refusal does, and one that does not costs nothing', () => {
  const world = open();
  leads(world, '192.0.2.1', 5000);
  const end = (status: number): void => visit(world, '127.0.0.1', 5000).ended(status);
  for (let n = 0; n < 2 * BURST; n++) end(200);
  for (let n = 0; n < BURST; n++) end(404);
  assert.throws(() => end(404), { code: 'Throttled' });
  end(200);
});

test('whom the service fails before it knows them is told so beyond the share of strangers, and counted as one of them', () => {
  const world = open();
  leads(world, '192.0.2.1', 5000);
  const away = new ControlError(503, 'ServiceUnavailable', 'No keys.', { headers: { 'retry-after': '30' } });
  const uncounted = Array.from({ length: BURST + 2 }, () => {
    const asked = visit(world, '127.0.0.1', 5000);
    assert.equal(asked.refusal(away), away);
    return asked.uncounted();
  });
  assert.deepEqual(uncounted, [0, 0, 0, undefined]);
  assert.deepEqual(world.logged, ['control: a request of 192.0.2.1 was throttled']);
  const asked = visit(world, '127.0.0.1', 5000);
  const { status, message } = asked.refusal(new Error('a fault')) as ControlError;
  assert.deepEqual([status, message.endsWith(asked.visit.requestId), message.includes('fault')], [500, true, false]);
  assert.equal(statusOf(visit(world, '127.0.0.1', 5000).refusal(NOT_FOUND)), 429);
});

test('a sign-in that the service could not judge costs nothing, and is no proof of a secret', () => {
  const world = open();
  let known = 0;
  leads(world, '192.0.2.1', 5000, () => known++);
  const sign = (): CountedVisit => {
    const begun = visit(world, '127.0.0.1', 5000);
    begun.begin({ signsIn: true });
    return begun;
  };
  const away = new ControlError(503, 'ServiceUnavailable', 'It cannot be looked at now.');
  for (let n = 0; n < 2 * BURST; n++) {
    sign().ended(503);
    assert.equal(sign().refusal(away), away);
  }
  assert.equal(known, 0);
  for (const status of [401, 500]) sign().ended(status);
  assert.throws(sign, { code: 'Throttled' });
});

test('a connection is known, to the front that led it, from the first valid token or right secret on', async () => {
  const world = open();
  let known = 0;
  leads(world, '192.0.2.1', 5000, () => known++);
  const request = { path: '/', visit: visit(world, '127.0.0.1', 5000).visit } as ControlRequest;
  const refused = world.callers.counted(() => Promise.reject(NOT_FOUND));
  await assert.rejects(refused(request));
  assert.equal(known, 0);
  await world.callers.counted(() => Promise.resolve({ oid: 'alice' } as Awaited<ReturnType<Authenticate>>))(request);
  assert.equal(known, 1);
  for (const [status, more] of [
    [401, 0],
    [200, 1],
  ] as const) {
    const sign = visit(world, '127.0.0.1', 5000);
    sign.begin({ signsIn: true });
    sign.ended(status);
    assert.equal(known, 1 + more);
  }
});
