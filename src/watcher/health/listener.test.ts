import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeOperatorAuthority } from '../../../test/support/operator-authority.ts';
import { HEALTH } from '../../http/planes.ts';
import { NOW, wellDeployment, wellInstance } from './health.fixture.ts';
import { openHealthListener } from './listener.ts';
import type { Condition } from './readiness.ts';
import { healthSources } from './sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-health-'));
after(() => rmSync(folder, { recursive: true }));

function open(condition: Condition, { heardAgo = 0, tls }: { heardAgo?: number; tls?: Tls } = {}) {
  const sources = {
    ...healthSources({ condition: () => condition, silentMs: () => heardAgo, also: () => [], now: () => NOW }),
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: '# HELP\n' }),
  };
  return openHealthListener({ address: '127.0.0.1', port: 0, tls, sources, report: assert.fail });
}

type Tls = { readonly key: string; readonly certificate: string; readonly clientAuthorities?: string };

async function ask(port: number, path: string, { method = 'GET', accept = '', body = '', secure = {} } = {}) {
  const isSecure = Object.keys(secure).length > 0;
  const make = isSecure ? tlsRequest : plainRequest;
  const sent = make({ host: '127.0.0.1', port, path, method, headers: { accept }, agent: false, ...secure });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const text = (await response.setEncoding('utf8').toArray()).join('');
  return { status: response.statusCode, type: response.headers['content-type'], text, headers: response.headers };
}

test('what is well is said line by line, and as JSON to whoever asks for that', async () => {
  await using health = await open(wellDeployment(wellInstance('dev')));
  const { status, text, type } = await ask(health.port, '/readyz');
  assert.deepEqual([status, type], [200, 'text/plain; charset=utf-8']);
  assert.match(text, /^\[\+\]control:process ok\n[^]*\[\+\]dev:recorder ok\n[^]*readyz check passed\n$/);
  const json = await ask(health.port, '/readyz/dev', { accept: 'application/json' });
  assert.equal(json.type, 'application/health+json');
  const document = JSON.parse(json.text) as { status: string; checks: Record<string, { observedValue: unknown }[]> };
  assert.equal(document.status, 'pass');
  assert.deepEqual(document.checks['dev:certificate'], [
    { componentType: 'component', status: 'pass', observedValue: 90, observedUnit: 'days' },
  ]);
  const live = await ask(health.port, '/livez');
  assert.deepEqual([live.status, live.text], [200, '[+]supervisor:process ok\nlivez check passed\n']);
});

test('one that is locked makes the whole not ready, says why, and leaves the other as it is', async () => {
  await using health = await open(wellDeployment(wellInstance('dev'), wellInstance('east', { activation: 'Locked' })));
  const whole = await ask(health.port, '/readyz');
  assert.equal(whole.status, 503);
  assert.match(whole.text, /^\[-\]east:activation failed: its root keys are sealed: \.\/strongroom unlock east$/m);
  assert.match(whole.text, /readyz check failed\n$/);
  for (const path of ['/readyz/east', '/readyz?instance=east', '/readyz/EAST']) {
    const { status, text } = await ask(health.port, path);
    assert.equal(status, 503, path);
    assert.doesNotMatch(text, /dev/);
  }
  assert.equal((await ask(health.port, '/readyz/dev')).status, 200);
  assert.equal((await ask(health.port, '/readyz/west')).status, 404);
});

test('a certificate that ends soon is said, and keeps nobody away', async () => {
  const soon = wellInstance('dev', { certificateEnds: '2026-12-04T00:00:00.000Z' });
  await using health = await open(wellDeployment(soon));
  const { status, text } = await ask(health.port, '/readyz/dev');
  assert.equal(status, 200);
  assert.match(text, /^\[\+\]dev:certificate ok: its certificate ends at 2026-12-04T00:00:00\.000Z: renew it$/m);
  const json = await ask(health.port, '/readyz/dev', { accept: 'application/health+json' });
  assert.equal((JSON.parse(json.text) as { status: string }).status, 'warn');
});

test('when the supervisor is silent nothing is alive or ready, whatever it said last', async () => {
  await using health = await open(wellDeployment(wellInstance('dev')), { heardAgo: 31_000 });
  for (const path of ['/livez', '/readyz', '/readyz/dev']) {
    const { status, text } = await ask(health.port, path);
    assert.equal(status, 503, path);
    assert.match(text, /^\[-\]supervisor:process failed: it has not been heard for too long$/m);
  }
});

test('metrics are those of whoever has them', async () => {
  await using health = await open(wellDeployment());
  const { status, text, type } = await ask(health.port, '/metrics');
  assert.deepEqual([status, type, text], [200, 'text/plain; version=0.0.4', '# HELP\n']);
});

test('nothing else is there: other paths, other methods, bodies', async () => {
  await using health = await open(wellDeployment());
  for (const path of [
    '/',
    '/healthz',
    '/readyz/',
    '/readyz/a/b',
    '/readyz/%2e%2e',
    '/metrics/x',
    '//livez',
    '/livez/..',
  ])
    assert.equal((await ask(health.port, path)).status, 404, path);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    const { status, headers } = await ask(health.port, '/livez', { method });
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method);
  }
  const head = await ask(health.port, '/livez', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '44']);
  const withBody = await ask(health.port, '/livez', { method: 'POST', body: 'x'.repeat(1000) });
  assert.equal(withBody.headers.connection, 'close');
});

test('more connections than it has room for are closed at once, and those before are answered', async () => {
  await using health = await open(wellDeployment());
  const held = Array.from({ length: HEALTH.maxConnections }, () => connect(health.port, '127.0.0.1'));
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  const one = connect(health.port, '127.0.0.1');
  one.on('error', () => undefined);
  await once(one, 'close');
  const [first] = held;
  assert.ok(first !== undefined);
  first.write('GET /livez HTTP/1.1\r\nHost: health\r\n\r\n');
  const [answer] = (await once(first, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /);
  for (const socket of held) socket.destroy();
});

test('with authorities of clients nobody is answered without a certificate of theirs', async () => {
  const authority = await makeOperatorAuthority();
  const own = await authority.issue(['127.0.0.1']);
  const prometheus = await authority.issueClient('prometheus');
  const stranger = await (await makeOperatorAuthority()).issueClient('prometheus');
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tls = {
    key: file('key.pem', own.key),
    certificate: file('certificate.pem', own.certificate),
    clientAuthorities: file('clients.pem', authority.certificate),
  };
  await using health = await open(wellDeployment(wellInstance('dev')), { tls });
  const ca = authority.certificate;
  const known = { ca, key: prometheus.key, cert: prometheus.certificate };
  assert.equal((await ask(health.port, '/readyz', { secure: known })).status, 200);
  await assert.rejects(ask(health.port, '/readyz', { secure: { ca } }));
  const other = { ca, key: stranger.key, cert: stranger.certificate };
  await assert.rejects(ask(health.port, '/readyz', { secure: other }));
  await assert.rejects(ask(health.port, '/readyz'), 'plain HTTP');
});
