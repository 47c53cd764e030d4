// Programs of others take the log: rsyslog over TLS, and a collector of the OpenTelemetry project, which hands on what it got. Both end
// in the middle and come back.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SinkConfig } from '../../src/deployment/sinks.ts';
import { openSink } from '../../src/watcher/sinks/kinds.ts';
import { recordsOf, startOtlpReceiver, valuesOf } from '../../src/watcher/sinks/otlp-receiver.fixture.ts';
import { entryAt, IDENTITY, logOf } from '../../src/watcher/sinks/run-sink.fixture.ts';
import { SinkRun } from '../../src/watcher/sinks/run-sink.ts';
import { startCollector } from '../support/collector.ts';
import { freePort } from '../support/free-port.ts';
import { makeOperatorAuthority } from '../support/operator-authority.ts';
import { until } from '../support/sink-scene.ts';
import { skipUnless } from '../system-programs.ts';

const root = mkdtempSync(join(tmpdir(), 'sink-receivers-'));
after(() => rmSync(root, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(root, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const authority = await makeOperatorAuthority();
const server = await authority.issue(['localhost']);
const client = await authority.issueClient('strongroom');
const paths = {
  ca: file('ca.pem', authority.certificate),
  certificate: file('server.pem', server.certificate),
  key: file('server-key.pem', server.key),
  clientCertificate: file('client.pem', client.certificate),
  clientKey: file('client-key.pem', client.key),
};

/** With the largest that there are. */
const entries = [
  ...Array.from({ length: 900 }, (_, index) => entryAt(index, 'é'.repeat(index % 300))),
  ...Array.from({ length: 30 }, (_, at) => entryAt(900 + at, 'x'.repeat(65_300))),
];
assert.ok(entries.every(({ length }) => length <= 65_535));

/** What a program received, by index. */
type Received = () => ReadonlyMap<number, string>;

/** Half of the log, an end of the program, and the rest while it comes back. */
async function sendAll(sink: SinkConfig, start: () => Promise<ChildProcess>, received: Received): Promise<void> {
  const log = entries.slice(0, 400);
  const run = new SinkRun({
    sink,
    log: logOf(log, 256),
    path: join(root, sink.name, 'position.json'),
    begin: () => 0,
    open: () =>
      openSink(sink, { log: IDENTITY, profile: 'production', readFile: (path) => readFileSync(path, 'utf8') }),
    // Ten times as fast as the machine's.
    clock: {
      now: Date.now,
      load: () => 0,
      async pause(ms, stopping) {
        await delay(ms / 10, undefined, { signal: stopping }).catch(() => undefined);
      },
    },
  });
  let child: ChildProcess | undefined;
  try {
    child = await start();
    await until(() => run.status().next === 400);
    child.kill('SIGTERM');
    await once(child, 'exit');
    log.push(...entries.slice(400));
    await until(() => run.status().lastFailure !== undefined);
    child = await start();
    await until(() => run.status().next === entries.length);
    await until(() => received().size === entries.length);
    const got = received();
    for (const [index, bytes] of entries.entries()) assert.equal(got.get(index), bytes.toString('utf8'), String(index));
    assert.equal(run.status().refused, 0);
  } finally {
    await run[Symbol.asyncDispose]();
    child?.kill('SIGKILL');
  }
}

describe('receivers of others', () => {
  test('rsyslog, with certificates on both sides', { skip: skipUnless('rsyslog') }, async () => {
    const out = join(root, 'messages');
    const port = await freePort();
    const configuration = file(
      'rsyslog.conf',
      `global(workDirectory="${root}" maxMessageSize="128k" defaultNetstreamDriver="gtls"
        defaultNetstreamDriverCAFile="${paths.ca}" defaultNetstreamDriverCertFile="${paths.certificate}"
        defaultNetstreamDriverKeyFile="${paths.key}")
      module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
      input(type="imtcp" address="127.0.0.1" port="${port}")
      template(name="received" type="string" string="%syslogfacility-text% %app-name% %structured-data% %msg%\\n")
      action(type="omfile" file="${out}" template="received")\n`,
    );
    const start = async (): Promise<ChildProcess> => {
      const child = spawn('rsyslogd', ['-n', '-f', configuration, '-i', join(root, 'rsyslog.pid')], {
        stdio: 'ignore',
      });
      await until(() => existsSync(join(root, 'rsyslog.pid')));
      return child;
    };
    const received: Received = () => {
      const form = /^\S+ strongroom \[strongroom@32473 log="[^"]+" index="(\d+)" instance="test"\] (\{.*\})$/;
      const lines = existsSync(out) ? readFileSync(out, 'utf8').split('\n') : [];
      return new Map(
        lines.flatMap((line) => {
          const [, index, text] = form.exec(line) ?? [];
          return index === undefined || text === undefined ? [] : [[Number(index), text] as const];
        }),
      );
    };
    const clientCertificate = { certificate: paths.clientCertificate, key: paths.clientKey };
    const sink = {
      name: 'siem',
      kind: 'syslog',
      host: 'localhost',
      port,
      caFile: paths.ca,
      clientCertificate,
    } as const;
    await sendAll(sink, start, received);
  });

  test('a collector of OpenTelemetry', { skip: skipUnless('collector') }, async () => {
    const behind = await startOtlpReceiver(server);
    const port = await freePort();
    const { ca, certificate, key } = paths;
    const start = (): Promise<ChildProcess> =>
      startCollector({ folder: root, signal: 'logs', port, behind: behind.port, certificate, key, ca });
    const received: Received = () =>
      new Map(
        behind.taken
          .flatMap(recordsOf)
          .map(({ body, attributes }) => [Number(valuesOf(attributes)['strongroom.log.index']), body.stringValue]),
      );
    try {
      const url = `https://localhost:${port}/v1/logs`;
      await sendAll({ name: 'otel', kind: 'otlp', url, caFile: paths.ca }, start, received);
      const [first] = behind.taken;
      const resource = valuesOf(first?.resourceLogs[0]?.resource.attributes ?? []);
      assert.equal(resource['service.name'], 'strongroom');
    } finally {
      await behind.close();
    }
  });
});
