import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { startEchoServer } from './echo.ts';
import { startLoadGenerator } from './load/generator.ts';
import { Histogram } from './load/histogram.ts';
import { throwAwayCertificate } from './throw-away-certificate.ts';

const NAME = 'dev.managedhsm.azure.net';
const job = { host: '127.0.0.1', serverName: NAME, connections: 3, warmUpMs: 250, measureMs: 500 };

function post(body: string): Uint8Array {
  return Buffer.from(`POST /x HTTP/1.1\r\nhost: ${NAME}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
}

test('an echo of every length asked for is counted, timed and sampled without an error', async () => {
  await using generator = startLoadGenerator();
  for (const [answerBytes, bursting] of [
    [40, false],
    [600, false],
    [600, true],
  ] as const) {
    await using echo = await startEchoServer(NAME, answerBytes, { bursting });
    const requests = [post('{"value":"a"}'), post('{"value":"bb"}')];
    const report = await generator.run({ ...job, port: echo.port, ca: echo.ca, requests });
    assert.deepEqual(report.errors, {});
    assert.ok(report.completed > 0);
    assert.equal(Histogram.from(report.latencies).count, report.completed);
    assert.deepEqual(
      report.samples.filter(({ body }) => body.length !== answerBytes),
      [],
    );
    assert.deepEqual(new Set(report.samples.map(({ request }) => request)), new Set([0, 1]));
  }
});

test('of many connections all have their turn, with no more requests at a time than asked for', async () => {
  const { key, certificate } = throwAwayCertificate(NAME);
  let atATime = 0;
  let most = 0;
  const seen = new Set<TLSSocket>();
  const server = createServer({ key, cert: certificate }, (socket: TLSSocket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      seen.add(socket);
      atATime += 1;
      most = Math.max(most, atATime);
      setTimeout(() => {
        atATime -= 1;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      }, 1);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await using generator = startLoadGenerator();
  const many = { ...job, connections: 80, inFlight: 3, warmUpMs: 300, measureMs: 200 };
  const report = await generator.run({ ...many, port: address.port, ca: certificate, requests: [post('{}')] });
  server.close();
  assert.deepEqual(report.errors, {});
  assert.ok(report.completed > 0);
  assert.deepEqual([seen.size, most], [80, 3]);
});

test('paced requests come at their rate, and a server that stalls is seen in the latency of those that were due meanwhile', async () => {
  const { key, certificate } = throwAwayCertificate(NAME);
  let requests = 0;
  const server = createServer({ key, cert: certificate }, (socket: TLSSocket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      requests += 1;
      const stallMs = requests === 50 ? 300 : 0;
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), stallMs);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await using generator = startLoadGenerator();
  const begin = performance.now();
  const report = await generator.run({
    ...job,
    connections: 1,
    warmUpMs: 100,
    measureMs: 1000,
    perSecond: 100,
    port: address.port,
    ca: certificate,
    requests: [post('{}')],
  });
  server.close();
  assert.deepEqual(report.errors, {});
  assert.ok(report.answers <= (performance.now() - begin) / 10 + 1, `${report.answers} answers: faster than due`);
  // About 30 of 100 fell due while the server stalled, and two thirds of those more than 100 ms before its end.
  assert.ok(Histogram.from(report.latencies).quantile(0.9) > 100_000);
});

test('refusals, broken answers and closed connections are counted, not hidden', async () => {
  const { key, certificate } = throwAwayCertificate(NAME);
  const answers = [
    'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    'nonsense\r\n\r\n',
    undefined,
  ];
  let next = 0;
  const server = createServer({ key, cert: certificate }, (socket: TLSSocket) => {
    socket.on('error', () => undefined); // the generator hangs up at the end
    socket.on('data', () => {
      const answer = answers[next++ % answers.length];
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await using generator = startLoadGenerator();
  const report = await generator.run({
    ...job,
    connections: 1,
    port: address.port,
    ca: certificate,
    requests: [post('{}')],
  });
  server.close();
  assert.deepEqual(Object.keys(report.errors).toSorted(), [
    'HTTP 503',
    'an answer does not start with an HTTP/1.1 status line',
    'connection closed',
  ]);
  assert.ok(report.completed > 0);
});

test('a certificate for another name is not accepted', async () => {
  await using generator = startLoadGenerator();
  await using echo = await startEchoServer('elsewhere.example', 100);
  const run = generator.run({ ...job, port: echo.port, ca: echo.ca, requests: [post('{}')] });
  const outcome = await run.catch((error: unknown) => String(error));
  assert.match(
    typeof outcome === 'string' ? outcome : Object.keys(outcome.errors).join(),
    /ERR_TLS_CERT_ALTNAME_INVALID/,
  );
});
