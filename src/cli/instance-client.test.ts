import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { makeLoopbackCertificate } from '../../test/support/loopback-certificate.ts';
import { takeDataLock } from '../files/data-lock.ts';
import { CommandError, UsageError } from './command.ts';
import { instanceIn } from './commands/ceremony/open-folder.ts';
import { authoritiesWith } from './https-exchange.ts';
import { AnswerError, clientOf, openInstanceClient } from './instance-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-client-'));
const ca = join(folder, 'ca.pem');
let challenge = '';
let refused: object | undefined;
/** Seconds that the next callers shall wait, one after the other. */
let waits: number[] = [];
let shown: string | undefined;
let server: ReturnType<typeof createServer>;
let url: string;
let origin: string;
const environment = { ...process.env };
const locks: Disposable[] = [];

before(async () => {
  const { key, certificate } = await makeLoopbackCertificate(folder, 'one.hsm.localhost', 'one.managedhsm.azure.net');
  server = createServer({ key, cert: certificate }, (request, response) => {
    shown = request.headers.authorization ?? shown;
    const wait = waits.shift();
    if (wait !== undefined)
      response.writeHead(429, { 'retry-after': String(wait) }).end('{"error":{"code":"Throttled","message":"later"}}');
    else if (refused !== undefined) response.writeHead(403).end(JSON.stringify(refused));
    else response.writeHead(401, challenge === '' ? {} : { 'www-authenticate': challenge }).end('who are you?');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  url = `https://one.hsm.localhost:${port}`;
  origin = `https://hsm.localhost:${port}`;
});
beforeEach(() => {
  process.env = { AZURE_AUTHORITY_HOST: 'https://login.example' };
});
after(() => {
  process.env = environment;
  server.close();
  for (const lock of locks) lock[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

async function refusal(): Promise<string> {
  const client = openInstanceClient({ 'hsm-name': 'dev', url, ca });
  const error = await client.ask('GET', '/keys').then(
    () => assert.fail('it was answered'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CommandError, String(error));
  return error.message;
}

test('credentials go where the environment says, and for the resource that the service is part of', async () => {
  for (const [offered, message] of [
    ['', /does not answer like a Managed HSM/],
    ['Basic realm="x"', /does not answer like a Managed HSM/],
    [`Bearer authorization="https://evil.example/t", resource="${origin}"`, /tokens come from https:\/\/evil\.example/],
    ['Bearer authorization="https://login.example/t", resource="https://vault.azure.net"', /which it is not part of/],
    ['Bearer authorization="https://login.example/t", resource="https://localhost"', /which it is not part of/],
    [`Bearer authorization="https://login.example/t", resource="${origin}"`, /AZURE_TENANT_ID is missing/],
  ] as const) {
    challenge = offered;
    assert.match(await refusal(), message);
  }
  process.env['AZURE_TENANT_ID'] = 'other';
  process.env['AZURE_CLIENT_ID'] = 'c';
  assert.match(await refusal(), /tenant is t, but AZURE_TENANT_ID is another/);
});

test('whom the network rules keep out is told that, and what they say', async () => {
  const message = 'Client address (127.0.0.1) is not authorized\u001b[2J (Activity ID: 1)';
  refused = { error: { code: 'Forbidden', innererror: { code: 'ForbiddenByFirewall' }, message } };
  try {
    const said = await refusal();
    assert.match(said, /network rules in force at one\.hsm\.localhost:\d+ turn this machine away: Client address/);
    assert.doesNotMatch(said, /\p{C}|Activity/u);
    refused = { error: { code: 'Forbidden', message } };
    assert.match(await refusal(), /does not answer like a Managed HSM \(status 403/);
  } finally {
    refused = undefined;
  }
});

test('who is told to come again later does so as told, for a minute in all', async (t) => {
  const pauses: number[] = [];
  const { setTimeout: real } = globalThis;
  t.mock.method(globalThis, 'setTimeout', (then: () => void, ms: number) => {
    // That of the call itself.
    if (ms === 60_000) return real(then, ms);
    pauses.push(ms);
    return real(then, 0);
  });
  const port = Number(new URL(url).port);
  const route = { ca: authoritiesWith(ca), port };
  const client = clientOf({ who: 'it', origin: url, route, newToken: () => Promise.resolve('token') });
  refused = { error: { code: 'Forbidden', message: 'its turn has come' } };
  try {
    waits = [7, 1];
    await assert.rejects(client.ask('POST', '/keys', {}), { status: 403 });
    assert.deepEqual(pauses, [7_000, 1_000]);
    waits = [40, 21, 1];
    await assert.rejects(client.ask('GET', '/keys'), { status: 429, code: 'Throttled' });
    assert.deepEqual([pauses.slice(2), waits], [[40_000], [1]]);
  } finally {
    refused = undefined;
    waits = [];
  }
});

test('an authority that the file does not name is not trusted', async () => {
  const client = openInstanceClient({ 'hsm-name': 'dev', url });
  await assert.rejects(client.ask('GET', '/keys'), CommandError);
});

test('options that exclude each other, and addresses that are none, are called wrong', () => {
  for (const given of [
    { 'hsm-name': 'dev', ca },
    { 'hsm-name': 'dev', url, data: folder },
    { 'hsm-name': 'dev', url: 'http://one.example' },
    { 'hsm-name': 'dev', url: 'one' },
  ]) {
    assert.throws(() => openInstanceClient(given), UsageError);
  }
});

test('a refusal is shown whole, and a terminal has nothing to obey in it', () => {
  const text = JSON.stringify({ error: { code: 'Conflict', message: `no\u001b[2J${'x'.repeat(5000)}` } });
  const { message, status, code } = new AnswerError('one', { status: 409, headers: {}, text });
  assert.deepEqual([status, code], [409, 'Conflict']);
  assert.ok(message.includes('x'.repeat(5000)));
  assert.ok(!message.includes('\u001b'));
  const page = new AnswerError('one', { status: 502, headers: {}, text: '<h1>Bad gateway</h1>' });
  assert.equal(page.message, 'one answered 502: <h1>Bad gateway</h1>');
});

/** A data directory whose files say that the server of this test is the instance `one`. */
function dataOf(profile: 'dev' | 'production'): string {
  const root = mkdtempSync(join(folder, 'data-'));
  locks.push(takeDataLock(root) ?? assert.fail('it is taken'));
  const state = {
    profile,
    ca,
    port: Number(new URL(url).port),
    origins: { one: [url] },
    instances: { one: { activation: 'Active', message: '' } },
  };
  writeFileSync(join(root, 'running.json'), JSON.stringify(state));
  const id = '11111111-2222-4333-8444-555555555555';
  const application = { appId: id, oid: id, secret: 's' };
  const user = { oid: id, upn: 'u', password: 'p' };
  const clients = {
    ...{ tenantId: id, subscriptionId: id, operatorsGroupOid: id },
    applications: { admin: application, owner: application, consumer: application },
    users: { alice: user, bob: user },
  };
  writeFileSync(join(root, 'dev-clients.json'), JSON.stringify(clients));
  return root;
}

/** @param aud whom it is for */
function tokenFile(aud: string): string {
  const file = join(folder, 'token');
  const token = `e30.${Buffer.from(JSON.stringify({ aud })).toString('base64url')}.c2ln`;
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  process.env['STRONGROOM_TOKEN_FILE'] = file;
  return token;
}

test('a token that was given in a file is shown, and where it is not taken that is said', async () => {
  challenge = `Bearer authorization="https://login.example/tenant", resource="${origin}"`;
  const refusal =
    /^one\.hsm\.localhost:\d+ answered 401: the token is not taken there .*'\.\/strongroom access explain \S+'/;
  for (const as of [undefined, 'az']) {
    shown = undefined;
    const token = tokenFile(origin);
    await assert.rejects(openInstanceClient({ 'hsm-name': 'one', url, ca, as }).ask('GET', '/keys'), {
      name: 'CommandError',
      message: refusal,
    });
    assert.equal(shown, `Bearer ${token}`, 'and nobody else was asked for one');
  }
});

test('a token of another HSM is shown to nobody, whoever named the address, and whoever asks', async () => {
  challenge = `Bearer authorization="https://login.example/tenant", resource="${origin}"`;
  const message =
    /token is for https:\/\/hsm\.example\.org and not for .*: if one\.hsm\.localhost:\d+ may see it, set /;
  tokenFile('https://hsm.example.org');
  shown = undefined;
  for (const identity of [{}, { AZURE_CLIENT_ID: 'c' }]) {
    Object.assign(process.env, identity);
    for (const as of [undefined, 'az']) {
      for (const client of [
        openInstanceClient({ 'hsm-name': 'one', url, ca, as }),
        instanceIn({ settings: { kind: 'activation', instance: 'one', address: { url, ca } } }, as),
        instanceIn(
          {
            settings: { kind: 'activation', instance: 'one', address: { data: dataOf('production'), instance: 'one' } },
          },
          as,
        ),
      ]) {
        await assert.rejects(client.ask('GET', '/keys'), { name: 'CommandError', message });
      }
    }
  }
  assert.equal(shown, undefined);
});

test('behind names that all lead to this machine a token of theirs is not shown, unless the port was named', async () => {
  challenge = 'Bearer authorization="https://login.example/tenant", resource="https://managedhsm.azure.net"';
  const token = tokenFile('https://managedhsm.azure.net');
  shown = undefined;
  const client = openInstanceClient({ 'hsm-name': 'one', data: dataOf('dev'), as: 'az' });
  const { port } = new URL(url);
  await assert.rejects(client.ask('GET', '/keys'), (error: Error) =>
    error.message.includes(`if 127.0.0.1:${port} may see it`),
  );
  assert.equal(shown, undefined);
  process.env['STRONGROOM_TOKEN_HOST'] = `127.0.0.1:${port}`;
  await assert.rejects(client.ask('GET', '/keys'), /the token is not taken there/);
  assert.equal(shown, `Bearer ${token}`);
});
