import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { makeOperatorAuthority } from '../../../test/support/operator-authority.ts';
import type { SinkConfigOf } from '../../deployment/sinks.ts';
import { entryAt, IDENTITY } from './run-sink.fixture.ts';
import { type Receiver, sinkContract } from './sink.contract.ts';
import type { LogEntry, LogIdentity } from './sink.ts';
import { startSyslogReceiver } from './syslog-receiver.fixture.ts';
import { syslogSink } from './syslog-sink.ts';

const authority = await makeOperatorAuthority();
const stranger = await makeOperatorAuthority();
const contextOf = ({ key, certificate }: { readonly key: string; readonly certificate: string }): TlsOptions => ({
  key,
  cert: certificate,
});
const right = contextOf(await authority.issue(['localhost']));
const client = await authority.issueClient('strongroom');
const FILES: Readonly<Record<string, string>> = {
  '/ca': authority.certificate,
  '/certificate': client.certificate,
  '/key': client.key,
};

type Receiving = Awaited<ReturnType<typeof startSyslogReceiver>>;

function openTo(server: Receiving, more: Partial<SinkConfigOf<'syslog'>> = {}, log: LogIdentity = IDENTITY) {
  const config = {
    name: 'siem',
    kind: 'syslog',
    host: 'localhost',
    port: server.port,
    caFile: '/ca',
    ...more,
  } as const;
  return syslogSink(config, {
    log,
    profile: 'production',
    readFile(path) {
      const text = FILES[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return text;
    },
  });
}

async function withSyslog(
  use: (receiver: Receiver & { readonly server: Receiving }) => Promise<void>,
  options: TlsOptions = {},
  more: Partial<SinkConfigOf<'syslog'>> = {},
): Promise<void> {
  const server = await startSyslogReceiver({ ...right, ...options });
  let isDown = false;
  try {
    await use({
      server,
      open: () => openTo(server, more),
      received: () =>
        Promise.resolve(
          server.messages().map(({ data, bytes }) => ({ index: Number(/ index="(\d+)"/.exec(data)?.[1]), bytes })),
        ),
      async becomes(state) {
        server.state.act = state === 'silent' || state === 'cut' || state === 'ends at once' ? state : 'reads';
        if (state === 'of another authority') server.use(contextOf(await stranger.issue(['localhost'])));
        else if (state === 'of another name') server.use(contextOf(await authority.issue(['example.org'])));
        else server.use(right);
        if (state === 'down') await server.close();
        else if (isDown) await server.again();
        isDown = state === 'down';
      },
      secrets: ['localhost', client.key],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  } finally {
    await server.close();
  }
}

sinkContract(
  'syslog',
  {
    down: /cannot be reached: ECONNREFUSED/,
    silent: /was stopped/,
    cut: /cannot be reached: ECONNRESET|ended the connection/,
    'ends at once': /ended the connection|cannot be reached: (ECONNRESET|EPIPE)/,
    'of another authority': /cannot be reached: CERT_SIGNATURE_FAILURE/,
    'of another name': /cannot be reached: ERR_TLS_CERT_ALTNAME_INVALID/,
  },
  withSyslog,
);

const NEVER = new AbortController().signal;
const one: readonly LogEntry[] = [{ index: 4, bytes: entryAt(4) }];

test('a message is of facility log audit, as bad as it was, with the time, the operation, log and index', () =>
  withSyslog(async ({ server }) => {
    const bytes = (status: number, resultType: string): Buffer =>
      Buffer.from(
        JSON.stringify({
          time: '2026-11-27T10:00:00.123Z',
          operationName: 'Microsoft.KeyVault/managedHSMs/write and more',
          resultType,
          httpStatusCode: status,
          correlationId: 'c',
        }),
      );
    const rows = [bytes(200, 'Success'), bytes(403, 'Failed'), bytes(503, 'Failed'), Buffer.from('{}')];
    const odd: LogIdentity = { ...IDENTITY, name: 'a"b\\c]d' };
    const sink = openTo(server, { enterpriseNumber: 4711 }, odd);
    assert.deepEqual(
      await sink.send(
        rows.map((each, index) => ({ index, bytes: each })),
        NEVER,
      ),
      { outcome: 'taken' },
    );
    const messages = server.messages();
    assert.deepEqual(
      messages.map(({ priority }) => priority),
      [110, 108, 107, 110],
    );
    assert.deepEqual(
      messages.map(({ time }) => time),
      [...Array<string>(3).fill('2026-11-27T10:00:00.123Z'), '-'],
    );
    assert.equal(messages[0]?.message, 'Microsoft.KeyVault/managedHSMs/w');
    assert.equal(messages[3]?.message, '-');
    assert.equal(messages[0]?.app, 'strongroom');
    assert.equal(messages[1]?.data, `[strongroom@4711 log="${IDENTITY.origin}" index="1" instance="a\\"b\\\\c\\]d"]`);
  }));

test('a receiver that wants a certificate gets one, and takes nothing without', () =>
  withSyslog(
    async ({ server, received }) => {
      const said = await openTo(server).send(one, NEVER);
      assert.equal(said.outcome, 'failed');
      assert.match(said.outcome === 'failed' ? said.why : '', /cannot be reached: |ended the connection/);
      const clientCertificate = { certificate: '/certificate', key: '/key' };
      assert.deepEqual(await openTo(server, { clientCertificate }).send(one, NEVER), { outcome: 'taken' });
      assert.equal((await received()).length, 1);
    },
    { requestCert: true, rejectUnauthorized: true, ca: authority.certificate },
  ));

test('the name in the certificate may be another than where it is', () =>
  withSyslog(async ({ server, becomes }) => {
    await becomes('of another name');
    assert.deepEqual(await openTo(server, { serverName: 'example.org' }).send(one, NEVER), { outcome: 'taken' });
  }));

test('a file that cannot be read is named by its member', () => {
  const server = { port: 1 } as Receiving;
  assert.throws(() => openTo(server, { caFile: '/none' }), {
    name: 'SinkError',
    message: 'caFile cannot be read: ENOENT',
  });
  assert.throws(() => openTo(server, { clientCertificate: { certificate: '/certificate', key: '/none' } }), {
    message: 'clientCertificate.key cannot be read: ENOENT',
  });
});
