import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { startLoadGenerator } from '../load/generator.ts';
import { throwAwayCertificate } from '../throw-away-certificate.ts';
import { CONNECTION, numberedRequest, TURN } from './numbered-requests.ts';

const NAME = 'dev.managedhsm.azure.net';

test('no two requests of a job are the same, each turn comes in order, and the last is waited for', async () => {
  const { key, certificate } = throwAwayCertificate(NAME);
  const seen: string[] = [];
  const server = createServer({ key, cert: certificate }, (socket: TLSSocket) => {
    socket.on('error', () => undefined); // the generator hangs up at the end
    socket.on('data', (chunk: Buffer) => {
      seen.push(
        /^(?<line>\w+ \S+) .*"turn":"(?<turn>[0-9]+)"/s.exec(chunk.toString())?.slice(1).join(' ') ?? 'nothing',
      );
      const status = chunk.toString().startsWith('PUT') ? 201 : 200;
      setImmediate(() => socket.write(`HTTP/1.1 ${status} OK\r\ncontent-length: 2\r\n\r\nok`));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const endpoint = { host: '127.0.0.1', port: address.port, serverName: NAME, ca: certificate };
  const hsm = {
    endpoint,
    token: 'x.y.z',
    ask: () => Promise.reject(new Error('not asked')),
    tryWith: () => Promise.reject(new Error('not asked')),
  };
  const requests = (['PUT', 'DELETE'] as const).map((method) =>
    numberedRequest({ method, path: `/k-${CONNECTION}-${TURN}`, body: { turn: TURN } }, hsm),
  );
  await using generator = startLoadGenerator();
  const report = await generator.run({
    ...endpoint,
    connections: 3,
    warmUpMs: 100,
    measureMs: 200,
    requests: requests.map(({ bytes }) => bytes),
    numbers: requests.map(({ places }) => places),
    statuses: [201, 200],
  });
  server.close();
  assert.deepEqual(report.errors, {});
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(seen.length, report.answers);
  const expected = report.answered.flatMap((count, connection) =>
    Array.from({ length: count }, (_, index) => {
      const turn = String(index >> 1).padStart(8, '0');
      return `${index % 2 === 0 ? 'PUT' : 'DELETE'} /k-0${connection}-${turn} ${turn}`;
    }),
  );
  assert.deepEqual(seen.toSorted(), expected.toSorted());
  assert.ok(report.answered.every((count) => count > 1));
});
