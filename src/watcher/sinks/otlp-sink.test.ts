import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOperatorAuthority } from '../../../test/support/operator-authority.ts';
import type { SinkConfigOf } from '../../deployment/sinks.ts';
import { type GivenAnswer, recordsOf, startOtlpReceiver, valuesOf } from './otlp-receiver.fixture.ts';
import { otlpSink } from './otlp-sink.ts';
import { entryAt, IDENTITY } from './run-sink.fixture.ts';
import { type Receiver, sinkContract } from './sink.contract.ts';
import type { Delivery, LogEntry } from './sink.ts';

const authority = await makeOperatorAuthority();
const stranger = await makeOperatorAuthority();
const certificate = await authority.issue(['localhost']);
const SECRET = 'Bearer a-secret-of-the-receiver';
const ANSWERS: Readonly<Record<string, GivenAnswer | 'silence' | 'cut'>> = {
  silent: 'silence',
  'cutting the connection': 'cut',
  busy: { status: 503 },
  'of a wrong token': { status: 401, body: SECRET },
  redirecting: { status: 307, headers: { location: 'https://localhost:1/v1/logs' } },
  'a page of a proxy': { status: 200, body: '<html>Sign in</html>' },
};

type Receiving = Awaited<ReturnType<typeof startOtlpReceiver>>;
type Under = Receiver & { readonly server: Receiving };

function openTo(server: Receiving, more: Partial<SinkConfigOf<'otlp'>> = {}, headers = `Authorization: ${SECRET}\n`) {
  const url = `https://localhost:${server.port}/v1/logs`;
  const config = { name: 'otlp', kind: 'otlp', url, caFile: '/ca', headersFile: '/headers', ...more } as const;
  const readFile = (path: string): string => (path === '/ca' ? authority.certificate : headers);
  return otlpSink(config, { log: IDENTITY, profile: 'production', readFile });
}

async function withOtlp(use: (receiver: Under) => Promise<void>): Promise<void> {
  const server = await startOtlpReceiver(certificate);
  let isDown = false;
  try {
    await use({
      server,
      open: () => openTo(server),
      received: () =>
        Promise.resolve(
          server.taken.flatMap(recordsOf).map(({ body, attributes }) => ({
            index: Number(valuesOf(attributes)['strongroom.log.index']),
            bytes: Buffer.from(body.stringValue),
          })),
        ),
      async becomes(state) {
        server.state.answer = ANSWERS[state] ?? { status: 200, body: '{"partialSuccess":{}}' };
        if (state === 'of another authority') server.use(await stranger.issue(['localhost']));
        else if (state === 'of another name') server.use(await authority.issue(['example.org']));
        else server.use(certificate);
        if (state === 'down') await server.close();
        else if (isDown) await server.again();
        isDown = state === 'down';
      },
      secrets: [SECRET, '/v1/logs', 'localhost'],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  } finally {
    await server.close();
  }
}

sinkContract(
  'otlp',
  {
    down: /cannot be reached: ECONNREFUSED/,
    silent: /did not answer in time/,
    'cutting the connection': /cannot be reached: ECONNRESET/,
    busy: /answered 503/,
    'of a wrong token': /answered 401/,
    redirecting: /answered 307/,
    'a page of a proxy': /answered 200 and no OTLP response/,
    'of another authority': /cannot be reached: CERT_SIGNATURE_FAILURE/,
    'of another name': /cannot be reached: ERR_TLS_CERT_ALTNAME_INVALID/,
  },
  withOtlp,
);

const one: readonly LogEntry[] = [{ index: 4, bytes: entryAt(4) }];
const send = (server: Receiving, more?: Partial<SinkConfigOf<'otlp'>>): Promise<Delivery> =>
  openTo(server, more).send(one, new AbortController().signal);

test('a record has the time, how bad it was, who, from where and what, by the conventions’ names; the entry is the body', () =>
  withOtlp(async ({ server }) => {
    const entry = {
      time: '2026-11-27T10:00:00.123Z',
      operationName: 'KeySign',
      resultType: 'Failed',
      resultSignature: 'Forbidden',
      callerIpAddress: '192.0.2.7',
      identity:
        '{"claim":{"appid":"a","http_schemas_microsoft_com_identity":{"claims":{"objectidentifier":"7F2B6A52-0D5E-4A52-9F44-6F2F1F0A9B11"}}}}',
      correlationId: 'c',
      httpStatusCode: 403,
      requestUri: 'https://test.managedhsm.azure.net/keys/k/sign',
      decision: 'deny',
      key: '/keys/k/1',
    };
    const bytes = Buffer.from(JSON.stringify(entry));
    await openTo(server).send([{ index: 12, bytes }], new AbortController().signal);
    const [exported] = server.taken;
    assert.ok(exported);
    const resource = valuesOf(exported.resourceLogs[0]?.resource.attributes ?? []);
    assert.equal(resource['service.name'], 'strongroom');
    assert.equal(resource['service.instance.id'], IDENTITY.id);
    assert.equal(resource['cloud.resource_id'], IDENTITY.resourceId);
    const [record] = recordsOf(exported);
    assert.ok(record);
    assert.equal(record.timeUnixNano, `${Date.parse(entry.time)}000000`);
    assert.deepEqual([record.severityNumber, record.severityText], [13, 'WARN']);
    assert.equal(record.body.stringValue, bytes.toString('utf8'));
    assert.deepEqual(valuesOf(record.attributes), {
      'log.record.uid': `${IDENTITY.origin}/12`,
      'strongroom.log.origin': IDENTITY.origin,
      'strongroom.log.index': '12',
      'strongroom.operation': 'KeySign',
      'strongroom.result': 'Forbidden',
      'strongroom.decision': 'deny',
      'strongroom.key': '/keys/k/1',
      'user.id': '7f2b6a52-0d5e-4a52-9f44-6f2f1f0a9b11',
      'client.address': '192.0.2.7',
      'http.response.status_code': '403',
      'url.full': 'https://test.managedhsm.azure.net/keys/k/sign',
    });
    assert.equal(server.headers[0]?.['authorization'], SECRET);
    assert.equal(server.headers[0]?.['content-encoding'], 'gzip');
  }));

test('without compression it is sent as it is', () =>
  withOtlp(async ({ server }) => {
    assert.deepEqual(await send(server, { compression: 'none' }), { outcome: 'taken' });
    assert.equal(server.headers[0]?.['content-encoding'], undefined);
    assert.equal(server.taken.length, 1);
  }));

test('what is refused, put off, rejected in part or answered by somebody else', () =>
  withOtlp(async ({ server }) => {
    const lost = { count: 3, why: 'the receiver rejected them (partial success)' };
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    const rows: readonly (readonly [GivenAnswer, Delivery])[] = [
      [{ status: 400 }, { outcome: 'refused', why: 'answered 400' }],
      [{ status: 413 }, { outcome: 'refused', why: 'answered 413' }],
      [{ status: 404 }, { outcome: 'failed', why: 'answered 404' }],
      [{ status: 500 }, { outcome: 'failed', why: 'answered 500' }],
      [
        { status: 429, headers: { 'retry-after': '7' } },
        { outcome: 'failed', why: 'answered 429', retryAfter: 7 },
      ],
      [
        { status: 503, headers: { 'retry-after': 'soon' } },
        { outcome: 'failed', why: 'answered 503' },
      ],
      [
        { status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"x"}}' },
        { outcome: 'taken', lost },
      ],
      [
        { status: 200, body: '{"partialSuccess":{"rejectedLogRecords":3}}' },
        { outcome: 'taken', lost },
      ],
      [
        { status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"many"}}' },
        { outcome: 'failed', why: 'answered 200 and no OTLP response' },
      ],
      [
        { status: 200, body: 'null' },
        { outcome: 'failed', why: 'answered 200 and no OTLP response' },
      ],
      [{ status: 200, body: '' }, { outcome: 'taken' }],
      [{ status: 204 }, { outcome: 'taken' }],
    ];
    for (const [answer, wanted] of rows) {
      server.state.answer = answer;
      assert.deepEqual(await send(server), wanted, JSON.stringify(answer));
    }
    server.state.answer = { status: 503, headers: { 'retry-after': inAMinute } };
    const said = await send(server);
    const wait = said.outcome === 'failed' ? (said.retryAfter ?? 0) : 0;
    assert.ok(wait > 50 && wait <= 61, String(wait));
  }));

test('an address that is none, and headers that are none, are named without what they hold', () => {
  const server = { port: 1 } as Receiving;
  for (const url of [
    'http://localhost:4318/v1/logs',
    'https://user:pass@a.example/v1/logs',
    'https://a.example/?key=pass',
    'no',
  ]) {
    assert.throws(() => openTo(server, { url }), { name: 'SinkError', message: /the url of 'otlp' must be https:/ });
  }
  assert.throws(() => openTo(server, {}, 'Authorization: x\npassword'), {
    name: 'SinkError',
    message: "headersFile: line 2 must be a header: 'Name: value'",
  });
});
