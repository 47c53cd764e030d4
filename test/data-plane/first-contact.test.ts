// What a client meets before it has a role: the challenge, refusals by token, activation.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance();
});
after(() => instance[Symbol.asyncDispose]());

const challengeOf = (tenant: string): string =>
  `Bearer authorization="https://login.microsoftonline.com/${tenant}", resource="https://managedhsm.azure.net"`;

test('the first request, without token and body, gets the challenge whatever it asks', async () => {
  for (const [method, path] of [
    ['POST', '/keys/k/create?api-version=7.6'],
    ['GET', '/keys/k/?api-version=7.6'],
    ['GET', '/nowhere'],
    ['POST', '/keys/bad_name/create'],
  ] as const) {
    const reply = await instance.ask(method, path);
    assert.equal(reply.status, 401, path);
    assert.equal(reply.headers['www-authenticate'], challengeOf(instance.config.tenantId));
    assert.equal(reply.text, method === 'GET' ? 'OK' : '');
    assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
    assert.match(String(reply.headers['x-ms-request-id']), /^[0-9a-f-]{36}$/);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.equal(reply.headers['cache-control'], 'no-cache');
  }
});

test('a token that is not ours to honour gets the challenge again', async () => {
  const { issuer, administrator } = instance;
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer.issuer, aud: issuer.audience, tid: issuer.tenantId, oid: administrator, exp: now + 600 };
  const tokens: Record<string, string> = {
    expired: await issuer.token(administrator, { exp: now - 1 }),
    'of another tenant': await issuer.token(administrator, { tid: randomUUID() }),
    'for another audience': await issuer.token(administrator, { aud: 'https://vault.azure.net' }),
    'of another issuer': await issuer.token(administrator, { iss: 'https://sts.windows.net/other/' }),
    'not yet valid': await issuer.token(administrator, { nbf: now + 3000 }),
    'signed by another key': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'test-key' })
      .sign(other),
    unsigned: new UnsecuredJWT(claims).encode(),
    garbage: 'garbage',
  };
  for (const [what, token] of Object.entries(tokens)) {
    const reply = await instance.ask('GET', '/keys?api-version=7.6', { token });
    assert.equal(reply.status, 401, what);
    assert.equal(reply.headers['www-authenticate'], challengeOf(instance.config.tenantId), what);
    assert.ok(!reply.text.includes(token), what);
    // What is said to be JSON and is none hides the 401 from who uses the SDK for Python.
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8', what);
  }
});

test('before activation only the security domain works, and only for initial administrators', async () => {
  const token = await instance.adminToken();
  for (const path of ['/keys?api-version=7.6', '/providers/Microsoft.Authorization/roleAssignments?api-version=7.4']) {
    const reply = await instance.ask('GET', path, { token });
    assert.equal(reply.status, 403, path);
    assert.match(reply.text, /not activated/i);
  }
  const stranger = await instance.ask('POST', '/securitydomain/download?api-version=7.5', {
    token: await instance.issuer.token(randomUUID()),
    body: {},
  });
  assert.equal(stranger.status, 403);
  const pending = await instance.ask('GET', '/securitydomain/download/pending', { token });
  assert.equal(pending.status, 404);
});

test('a quorum that cannot be met, or certificates that are none, activate nothing', async () => {
  const token = await instance.adminToken();
  const bodies: Record<string, unknown> = {
    'no certificates': {},
    'two certificates': { certificates: [{}, {}], required: 2 },
    'not certificates': {
      certificates: [1, 2, 3].map((n) => ({ x5c: [Buffer.from(`certificate ${n}`).toString('base64')] })),
      required: 2,
    },
    'not base64': { certificates: [{ x5c: ['*'] }, { x5c: ['*'] }, { x5c: ['*'] }], required: 2 },
  };
  for (const [what, body] of Object.entries(bodies)) {
    const reply = await instance.ask('POST', '/securitydomain/download?api-version=7.5', { token, body });
    assert.equal(reply.status, 400, `${what}: ${reply.text}`);
    assert.equal((reply.json as { error: { code: string } }).error.code, 'BadParameter');
  }
  const { makeCertificates } = await import('../support/custodian-certificates.ts');
  const certificates = (await makeCertificates(3)).map((der) => ({ x5c: [der] }));
  for (const required of [1, 4, 11, 'two', 2.5]) {
    const reply = await instance.ask('POST', '/securitydomain/download?api-version=7.5', {
      token,
      body: { certificates, required },
    });
    assert.equal(reply.status, 400, String(required));
  }
  const same = [certificates[0], certificates[0], certificates[1]];
  const twice = await instance.ask('POST', '/securitydomain/download?api-version=7.5', {
    token,
    body: { certificates: same, required: 2 },
  });
  assert.equal(twice.status, 400);
  assert.equal((await instance.ask('GET', '/keys?api-version=7.6', { token })).status, 403);
});

test('the download answers 202 with the complete file, and the instance is active', async () => {
  const reply = await instance.activate();
  assert.equal(reply.status, 202, reply.text);
  assert.equal(
    reply.headers['azure-asyncoperation'],
    'https://test.managedhsm.azure.net/securitydomain/download/pending?api-version=7.5',
  );
  assert.ok(reply.headers['retry-after']);
  const document = JSON.parse((reply.json as { value: string }).value) as {
    SharedKeys: { enc_shares: unknown[]; required: number; key_algorithm: string };
    EncData: { kdf: string };
    version: number;
  };
  assert.equal(document.SharedKeys.enc_shares.length, 3);
  assert.equal(document.SharedKeys.required, 2);
  assert.equal(document.SharedKeys.key_algorithm, 'shamir_share');
  assert.equal(document.EncData.kdf, 'sp108_kdf');
  assert.equal(document.version, 2);
  const token = await instance.adminToken();
  const poll = await instance.ask('GET', '/securitydomain/download/pending', { token });
  assert.deepEqual(poll.json, { status: 'Success', status_details: '' });
});

test('without a local role every operation is 403 AccessDenied, listing included', async () => {
  const token = await instance.issuer.token(randomUUID());
  const asked = [
    ['GET', '/keys?api-version=7.6'],
    ['GET', '/keys/k?api-version=7.6'],
    ['GET', '/keys/k/versions?api-version=7.6'],
    ['POST', '/keys/k/create?api-version=7.6'],
    ['PATCH', '/keys/k?api-version=7.6'],
    ['POST', '/keys/k/sign?api-version=7.6'],
    ['POST', '/keys/k/unwrapkey?api-version=7.6'],
    ['GET', '/providers/Microsoft.Authorization/roleDefinitions?api-version=7.4'],
    ['PUT', `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=7.4`],
    ['POST', '/securitydomain/download?api-version=7.5'],
  ] as const;
  for (const [method, path] of asked) {
    const reply = await instance.ask(method, path, { token, ...(method === 'GET' ? {} : { body: {} }) });
    assert.equal(reply.status, 403, path);
    assert.equal((reply.json as { error: { code: string } }).error.code, 'AccessDenied', path);
  }
});

test('an administrator manages roles but has no key operation by itself', async () => {
  const token = await instance.adminToken();
  assert.equal((await instance.ask('GET', '/keys?api-version=7.6', { token })).status, 403);
  assert.equal(
    (await instance.ask('GET', '/providers/Microsoft.Authorization/roleAssignments?api-version=7.4', { token })).status,
    200,
  );
});
