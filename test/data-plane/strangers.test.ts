// What those may cost who have shown no token: whatever they are refused with, it is counted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { readEntries } from '../support/audit-entries.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const HOST = 'test.managedhsm.azure.net';
const BURST = 5;
const SENT = 200;
let instance: RunningInstance;
let socketPath: string;
before(async () => {
  instance = await startRunningInstance();
  socketPath = join(instance.folder, 'private.sock');
  await instance.configure({
    limits: { strangers: { burst: BURST, perSecond: 1 }, connectionsPerAddress: 300 },
    privateListeners: [{ connection: 'pe-1', socket: socketPath }],
  });
});
after(() => instance[Symbol.asyncDispose]());

/** Statuses and text of the answers to requests that are all sent at once on one connection. */
async function flood(head: string, count: number, path?: string): Promise<{ statuses: number[]; text: string }> {
  const raw = path === undefined ? connectPlain(instance.port, '127.0.0.1') : connectPlain(path);
  const socket: TLSSocket = connect({ socket: raw, servername: HOST, ca: instance.ca });
  await once(socket, 'secureConnect');
  socket.write(`${head}\r\n\r\n`.repeat(count - 1) + `${head}\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return { statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)), text };
}

for (const [what, status, head] of [
  ['a Host that is none of its names', 421, 'GET /keys?api-version=7.6 HTTP/1.1\r\nHost: nobody.example'],
  ['a target that cannot be decoded', 400, `GET /%zz HTTP/1.1\r\nHost: ${HOST}`],
  ['no Host', 400, 'GET /keys?api-version=7.6 HTTP/1.1'],
  ['no token', 401, `GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}`],
] as const) {
  test(`${what}: as many refusals as any stranger gets, then 429, and little of the log`, async () => {
    await instance.restart();
    const before = readEntries(instance).length;
    const start = performance.now();
    const { statuses } = await flood(head, SENT);
    const filledAgain = (performance.now() - start) / 1000;
    const refused = statuses.filter((each) => each === status).length;
    assert.ok(refused >= BURST && refused <= BURST + filledAgain, `${refused} of ${statuses.length}`);
    assert.equal(statuses.filter((each) => each === 429).length, SENT - refused);
    const added = readEntries(instance).slice(before);
    assert.equal(added.filter(({ httpStatusCode }) => httpStatusCode === status).length, refused);
    assert.ok(added.filter(({ httpStatusCode }) => httpStatusCode === 429).length <= 1 + filledAgain / 10);
  });
}

test('whether the instance is well: told as often as anything else, and not on record', async () => {
  await instance.restart();
  const before = readEntries(instance).length;
  const start = performance.now();
  const { statuses } = await flood(`GET /healthz HTTP/1.1\r\nHost: ${HOST}`, SENT);
  const filledAgain = (performance.now() - start) / 1000;
  const told = statuses.filter((each) => each === 200).length;
  assert.ok(told >= BURST && told <= BURST + filledAgain, `${told} of ${statuses.length}`);
  assert.equal(statuses.filter((each) => each === 429).length, SENT - told);
  const added = readEntries(instance).slice(before);
  assert.equal(added.filter(({ httpStatusCode }) => httpStatusCode === 200).length, 0);
});

test('whether the instance is well is not told to other methods, and these are refused as strangers are', async () => {
  await instance.restart();
  const before = readEntries(instance).length;
  const start = performance.now();
  const { statuses, text } = await flood(`POST /healthz HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0`, SENT);
  const filledAgain = (performance.now() - start) / 1000;
  const refused = statuses.filter((each) => each === 405).length;
  assert.ok(refused >= BURST && refused <= BURST + filledAgain, `${refused} of ${statuses.length}`);
  assert.equal(statuses.filter((each) => each === 429).length, SENT - refused);
  assert.match(text, /\r\nAllow: GET, HEAD\r\n/);
  assert.match(text, /\{"error":\{"code":"MethodNotAllowed","message":"This path takes GET, HEAD \(Activity ID: /);
  const added = readEntries(instance).slice(before);
  assert.equal(added.filter(({ httpStatusCode }) => httpStatusCode === 405).length, refused);
});

test('HEAD says it without a body', async () => {
  await instance.restart();
  const { statuses, text } = await flood(`HEAD /healthz HTTP/1.1\r\nHost: ${HOST}`, 1);
  assert.deepEqual(statuses, [200]);
  assert.match(text, /\r\n\r\n$/);
});

test('a made-up token in each request gets nobody more than one in all', async () => {
  await instance.restart();
  const agents = Array.from({ length: SENT }, (_, n) =>
    flood(`GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${n}`, 1),
  );
  const start = performance.now();
  const statuses = (await Promise.all(agents)).flatMap((each) => each.statuses);
  const refused = statuses.filter((each) => each === 401).length;
  assert.ok(refused >= BURST && refused <= BURST + (performance.now() - start) / 1000 + 1, `${refused} of ${SENT}`);
  assert.equal(statuses.filter((each) => each === 429).length, SENT - refused);
});

test('whose token cannot be checked as the issuer is away is told that, however often, and costs as little of the log', async () => {
  await instance.restart();
  const token = await instance.adminToken();
  instance.issuer.away = true;
  const before = readEntries(instance).length;
  const start = performance.now();
  const head = `GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}`;
  const { statuses, text } = await flood(head, SENT).finally(() => {
    instance.issuer.away = false;
  });
  const spans = 1 + (performance.now() - start) / 10_000;
  assert.deepEqual(new Set(statuses), new Set([503]));
  assert.equal(text.includes('without a valid token'), false);
  const added = readEntries(instance)
    .slice(before)
    .filter(({ httpStatusCode }) => httpStatusCode === 503);
  assert.ok(added.length <= BURST + 10 * spans + spans, `${added.length} entries`);
});

test('names are told to nobody whom the network rules keep out', async () => {
  await instance.restart();
  const { statuses, text } = await flood('GET /keys?api-version=7.6 HTTP/1.1\r\nHost: nobody.example', 1, socketPath);
  assert.deepEqual(statuses, [403]);
  assert.match(text, /ForbiddenByFirewall/);
  assert.equal(text.includes(HOST), false);
});
