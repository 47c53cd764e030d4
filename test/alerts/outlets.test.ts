// Outlets against receivers that others have written: the verifier of Standard Webhooks, and a mail server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { readAlertSettings } from '../../src/deployment/alert-settings.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import type { Alert } from '../../src/watcher/alerts/alert-state.ts';
import { telling } from '../../src/watcher/alerts/message.ts';
import { openOutlets } from '../../src/watcher/alerts/outlets.ts';
import { startSyslogReceiver } from '../../src/watcher/sinks/syslog-receiver.fixture.ts';

const SECRETS = [`whsec_${Buffer.alloc(32, 1).toString('base64')}`, `whsec_${Buffer.alloc(24, 2).toString('base64')}`];
const NOW = Date.parse('2026-11-28T00:00:00.000Z');
const GO_ON = new AbortController().signal;
const ALERT: Alert = {
  id: 'a1',
  rule: 'it',
  severity: 'critical',
  time: '2026-11-28T00:00:00.000Z',
  log: 'dev',
  more: 0,
  index: 7,
  what: 'It happened\r\nBcc: x@example.com',
};
const MESSAGE = telling({ id: 'm-1', alerts: [ALERT], since: -1 }, undefined, '/hsms/dev');

function open(outlet: object, files: Readonly<Record<string, string>>, profile: 'dev' | 'production' = 'dev') {
  const settings = readAlertSettings({ outlets: [{ name: 'it', ...outlet }] }, 'alerts');
  const [opened] = openOutlets(settings, {
    profile,
    readFile: (path) => files[path] ?? assert.fail(path),
    now: () => Date.now(),
  });
  assert.ok(opened !== undefined);
  return opened;
}

async function receiver(status: number, headers: Readonly<Record<string, string>> = {}) {
  const got: { headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      got.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
      response.writeHead(status, headers).end('secret answer');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?code=hidden`;
  return { got, url, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

test('a webhook gets a CloudEvent that the verifier of Standard Webhooks takes, by either secret', async () => {
  await using hook = await receiver(204);
  const outlet = open({ kind: 'webhook', url: hook.url, secretFile: '/s' }, { '/s': `${SECRETS.join('\n')}\n` });
  assert.deepEqual(await outlet.send(MESSAGE, GO_ON), { outcome: 'taken', detail: 'answered 204' });
  const [{ headers, body } = { headers: {}, body: '' }] = hook.got;
  for (const secret of SECRETS) {
    const event = new Webhook(secret).verify(body, headers as Record<string, string>) as Record<string, unknown>;
    assert.deepEqual([event['specversion'], event['id'], event['type']], ['1.0', 'm-1', 'Strongroom.Alert']);
  }
  assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  const other = new Webhook(`whsec_${Buffer.alloc(32, 3).toString('base64')}`);
  assert.throws(() => other.verify(body, headers as Record<string, string>));
  assert.throws(() => new Webhook(SECRETS[0] ?? '').verify(`${body} `, headers as Record<string, string>));
});

for (const [status, outcome] of [
  [400, 'refused'],
  [413, 'refused'],
  [500, 'failed'],
  [302, 'failed'],
  [410, 'failed'],
] as const) {
  test(`a webhook that answers ${status} has ${outcome} it, and nothing else of it is told`, async () => {
    await using elsewhere = await receiver(200);
    await using hook = await receiver(status, { location: elsewhere.url });
    const outlet = open({ kind: 'webhook', url: hook.url, secretFile: '/s' }, { '/s': SECRETS[0] ?? '' });
    assert.deepEqual(await outlet.send(MESSAGE, GO_ON), { outcome, detail: `answered ${status}` });
    assert.equal(elsewhere.got.length, 0);
    assert.equal(outlet.place, new URL(hook.url).origin);
  });
}

test('an outlet that cannot be one is refused by its name and member, without what its files hold', () => {
  const webhook = { kind: 'webhook', url: 'https://hooks.example.com/', secretFile: '/s' };
  const secret = { '/s': SECRETS[0] ?? '' };
  const smtp = { kind: 'smtp', host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] };
  for (const [outlet, files, says] of [
    [
      { ...webhook, url: 'http://hooks.example.com/' },
      secret,
      /alerts\.outlets\[0\] \(it\): url must be an https address/,
    ],
    [{ ...webhook, url: 'https://user:pass@hooks.example.com/' }, secret, /url must be/],
    [webhook, { '/s': 'hunter2' }, /secretFile: \/s must have 'whsec_'/],
    [webhook, { '/s': 'whsec_aGk=' }, /secretFile/],
    [{ ...smtp, security: 'none' }, {}, /security must be one of: tls, starttls/],
    [{ ...smtp, security: 'tls', to: [] }, {}, /to names nobody/],
    [{ ...smtp, security: 'tls', to: ['b@example.com\nBcc: c@example.com'] }, {}, /must be an address of mail/],
    [{ ...smtp, security: 'tls', credentialsFile: '/c' }, { '/c': 'hunter2' }, /credentialsFile: \/c must have/],
  ] as const) {
    assert.throws(
      () => open(outlet, files),
      (error: Error) => says.test(error.message) && !error.message.includes('hunter2'),
      String(says),
    );
  }
  assert.throws(() => open({ ...webhook, url: 'http://127.0.0.1/' }, secret, 'production'), /must be an https address/);
});

interface Mail {
  readonly user: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
}

async function mailServer(options: SMTPServerOptions, refuses?: { readonly responseCode: number }) {
  const authority = issueAuthority(new Date());
  const { certificate, key } = issueServer(authority, ['127.0.0.1'], new Date());
  const mails: Mail[] = [];
  const server = new SMTPServer({
    key,
    cert: certificate,
    onAuth: ({ username, password }, session, done) =>
      password === 'right' ? done(null, { user: username }) : done(new Error(`not ${String(password)}`)),
    onData(stream, session, done) {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        if (refuses !== undefined) return done(Object.assign(new Error('no'), refuses));
        mails.push({
          user: String(session.user),
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(pieces).toString(),
          secure: session.secure,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    mails,
    port,
    ca: authority.certificate,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

const MAIL = { kind: 'smtp', host: '127.0.0.1', from: 'hsm@example.com', to: ['a@example.com', 'b@example.com'] };

for (const security of ['tls', 'starttls'] as const) {
  test(`mail goes by ${security}, with the credentials of the file, and nothing of an entry becomes a header`, async () => {
    await using server = await mailServer({ secure: security === 'tls' });
    const settings = { ...MAIL, security, port: server.port, caFile: '/ca', credentialsFile: '/c' };
    const outlet = open(settings, { '/ca': server.ca, '/c': 'hsm\nright\n' });
    assert.deepEqual(await outlet.send(MESSAGE, GO_ON), { outcome: 'taken', detail: 'took it' });
    const [mail] = server.mails;
    assert.deepEqual([mail?.user, mail?.to, mail?.secure], ['hsm', ['a@example.com', 'b@example.com'], true]);
    assert.match(mail?.text ?? '', /^Message-ID: <m-1@strongroom\.invalid>\r$/m);
    assert.match(mail?.text ?? '', /^Subject: \[critical\] it: dev at \S+\r$/m);
    assert.doesNotMatch(mail?.text ?? '', /^Bcc:/m);
  });
}

test('a mail server without TLS, of another authority or that does not know us is given nothing, and its words are not told', async () => {
  await using plain = await mailServer({ disabledCommands: ['STARTTLS'], authOptional: true });
  const settings = { ...MAIL, security: 'starttls', caFile: '/ca' };
  const toPlain = open({ ...settings, port: plain.port }, { '/ca': plain.ca });
  const refusedPlain = await toPlain.send(MESSAGE, GO_ON);
  assert.equal(refusedPlain.outcome, 'failed');
  await using server = await mailServer({});
  const { certificate: other } = issueAuthority(new Date());
  const distrusting = open({ ...settings, port: server.port }, { '/ca': other });
  assert.equal((await distrusting.send(MESSAGE, GO_ON)).outcome, 'failed');
  const files = { '/ca': server.ca, '/c': 'hsm\nwrong-password\n' };
  const unknown = open({ ...settings, port: server.port, credentialsFile: '/c' }, files);
  const { outcome, detail } = await unknown.send(MESSAGE, GO_ON);
  assert.equal(outcome, 'failed');
  assert.doesNotMatch(detail, /wrong-password/);
  assert.equal(plain.mails.length + server.mails.length, 0);
});

test('a mail server that will not have the message itself has refused it; one that cannot have it now has failed', async () => {
  for (const [responseCode, outcome] of [
    [554, 'refused'],
    [451, 'failed'],
  ] as const) {
    await using server = await mailServer({ authOptional: true }, { responseCode });
    const outlet = open({ ...MAIL, security: 'starttls', port: server.port, caFile: '/ca' }, { '/ca': server.ca });
    assert.equal((await outlet.send(MESSAGE, GO_ON)).outcome, outcome);
  }
});

test('a file that cannot be read is named by its member, with the way out', () => {
  const [caFile, present] = ['/gone', '/there'];
  const hook = { kind: 'webhook', name: 'it', url: 'https://hooks.example.com/', secretFile: present };
  const smtp = { ...MAIL, name: 'it', port: 25, security: 'tls' };
  const syslog = { kind: 'syslog', name: 'it', host: 'syslog.example.com' };
  const pair = { certificate: present, key: present };
  for (const [outlet, member] of [
    [{ ...hook, secretFile: '/gone' }, 'secretFile'],
    [{ ...hook, caFile }, 'caFile'],
    [{ ...smtp, caFile }, 'caFile'],
    [{ ...smtp, credentialsFile: '/gone' }, 'credentialsFile'],
    [{ ...syslog, caFile }, 'caFile'],
    [{ ...syslog, clientCertificate: { ...pair, key: '/gone' } }, 'clientCertificate.key'],
  ] as const) {
    const readFile = (path: string): string => (path === present ? (SECRETS[0] ?? '') : readFileSync('/gone', 'utf8'));
    const settings = readAlertSettings({ outlets: [outlet] }, 'alerts');
    assert.throws(
      () => openOutlets(settings, { profile: 'dev', readFile, now: Date.now }),
      ({ message }: Error) => {
        const says = `alerts.outlets[0] (it): ${member}: ENOENT: no such file or directory, open '/gone'; name a file that this user can read`;
        assert.equal(message.slice(0, says.length), says);
        assert.equal(message.includes('echo whsec_$(openssl rand -base64 32)'), member === 'secretFile');
        return true;
      },
    );
  }
});

test('one that says nothing is left when the watcher stops', async () => {
  await using server = await mailServer({ secure: true });
  const outlet = open({ ...MAIL, security: 'starttls', port: server.port }, {});
  const stopping = new AbortController();
  const sent = outlet.send(MESSAGE, stopping.signal);
  setImmediate(() => stopping.abort());
  assert.equal((await sent).outcome, 'failed');
});

test('a message says which entry it is about, and how to see it', () => {
  assert.match(MESSAGE.text, /audit show --hsm-name dev --index 7 --json/);
  assert.equal(MESSAGE.text.includes('\r'), false);
  assert.equal(new Date(NOW).toISOString(), MESSAGE.time);
});

test('syslog gets a message for each alert, as serious as it is, with a CloudEvent of its own; over TLS only to whom it trusts', async () => {
  const authority = issueAuthority(new Date());
  const { certificate: cert, key } = issueServer(authority, ['127.0.0.1'], new Date());
  const server = await startSyslogReceiver({ cert, key });
  try {
    const settings = { kind: 'syslog', host: '127.0.0.1', port: server.port, caFile: '/ca', enterpriseNumber: 4711 };
    const outlet = open(settings, { '/ca': authority.certificate }, 'production');
    assert.equal(outlet.place, `syslog://127.0.0.1:${server.port}`);
    const second = { ...ALERT, id: 'a2', what: 'It "happened" ] again', time: '2026-11-28T00:00:01.000Z' };
    const two = telling({ id: 'm-2', alerts: [ALERT, second], since: -1 }, undefined, '/hsms/dev');
    assert.deepEqual(await outlet.send(two, GO_ON), { outcome: 'taken', detail: 'took it' });
    const messages = server.messages();
    assert.deepEqual(
      messages.map(({ priority, time, message, data }) => [priority, time, message, data]),
      [
        [106, ALERT.time, 'it', '[strongroom@4711 rule="it" alert="a1" instance="dev"]'],
        [106, second.time, 'it', '[strongroom@4711 rule="it" alert="a2" instance="dev"]'],
      ],
    );
    const events = messages.map(
      ({ bytes }) => JSON.parse(bytes.toString()) as { id: string; data: { Alerts: object[] } },
    );
    assert.deepEqual(
      events.map(({ id, data }) => [id, data.Alerts.length]),
      [
        ['a1', 1],
        ['a2', 1],
      ],
    );
    const other = open(settings, { '/ca': issueAuthority(new Date()).certificate });
    assert.equal((await other.send(two, GO_ON)).outcome, 'failed');
    server.state.act = 'cut';
    assert.equal((await outlet.send(two, GO_ON)).outcome, 'failed');
    assert.equal(server.messages().length, 2);
  } finally {
    await server.close();
  }
});
