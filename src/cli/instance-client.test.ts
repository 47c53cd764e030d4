import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { makeLoopbackCertificate } from '../../test/support/loopback-certificate.ts';
import { CommandError, UsageError } from './command.ts';
import { AnswerError, openInstanceClient } from './instance-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-client-'));
const ca = join(folder, 'ca.pem');
let challenge = '';
let refused: object | undefined;
let shown: string | undefined;
let server: ReturnType<typeof createServer>;
let url: string;
let origin: string;
const environment = { ...process.env };

before(async () => {
  const { key, certificate } = await makeLoopbackCertificate(folder, 'one.hsm.localhost');
  server = createServer({ key, cert: certificate }, (request, response) => {
    shown = request.headers.authorization ?? shown;
    if (refused !== undefined) response.writeHead(403).end(JSON.stringify(refused));
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
  rmSync(folder, { recursive: true });
});

async function refusal(): Promise<string> {
  const client = openInstanceClient({ instance: 'dev', url, ca });
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

test('an authority that the file does not name is not trusted', async () => {
  const client = openInstanceClient({ instance: 'dev', url });
  await assert.rejects(client.ask('GET', '/keys'), CommandError);
});

test('options that exclude each other, and addresses that are none, are called wrong', () => {
  for (const given of [
    { instance: 'dev', ca },
    { instance: 'dev', url, data: folder },
    { instance: 'dev', url: 'http://one.example' },
    { instance: 'dev', url: 'one' },
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

test('a token that was given in a file is shown, and where it is not taken that is said', async () => {
  challenge = `Bearer authorization="https://login.example/tenant", resource="${origin}"`;
  refused = undefined;
  const file = join(folder, 'token');
  writeFileSync(file, 'e30.e30.c2ln\n', { mode: 0o600 });
  const refusal =
    /^one\.hsm\.localhost:\d+ answered 401: the token is not taken there .*'\.\/strongroom access explain \S+'/;
  for (const as of [undefined, 'az']) {
    shown = undefined;
    process.env['STRONGROOM_TOKEN_FILE'] = file;
    await assert.rejects(openInstanceClient({ instance: 'one', url, ca, as }).ask('GET', '/keys'), {
      name: 'CommandError',
      message: refusal,
    });
    assert.equal(shown, 'Bearer e30.e30.c2ln', 'and nobody else was asked for one');
  }
});
