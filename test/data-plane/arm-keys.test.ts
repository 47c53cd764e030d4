// Keys that the resource manager hands on: answered under a name of their own, to tokens for the resource manager, for callers
// with a local role, while a setting allows it; and to nobody else.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { probePort } from '../../src/deployment/free-port.ts';
import { type NetworkRules, OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { type Ask, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const HOST = 'test.resource-manager.internal';
const AUDIENCE = 'https://management.azure.com';
const VERSION = 'api-version=7.6';

describe('keys through the resource manager', () => {
  let instance: RunningInstance;
  let privatePort: number;
  const caller = randomUUID();
  before(async () => {
    instance = await startRunningInstance();
    const [name] = instance.config.hostNames;
    const [issuer] = instance.config.issuers;
    assert.ok(name !== undefined && issuer !== undefined);
    privatePort = (await probePort(0)) ?? 0;
    await instance.configure({
      privateListeners: [{ connection: 'pe', address: '127.0.0.1', port: privatePort }],
      hostNames: [...instance.config.hostNames, { ...name, authority: HOST, resource: AUDIENCE, kind: 'arm' }],
      issuers: [{ ...issuer, armAudiences: [AUDIENCE] }],
    });
    await instance.restart();
    assert.equal((await instance.activate()).status, 202);
  });
  after(() => instance[Symbol.asyncDispose]());

  const armToken = (oid: string = caller) => instance.issuer.token(oid, { aud: AUDIENCE });
  const ask = async (method: string, path: string, own: Ask = {}) =>
    instance.ask(method, `${path}?${VERSION}`, { token: await armToken(), headers: { host: HOST }, ...own });
  const allow = async (value: 'true' | 'false') => {
    const path = '/settings/AllowKeyManagementOperationsThroughARM?api-version=7.4';
    const set = await instance.ask('PATCH', path, { token: await instance.adminToken(), body: { value } });
    assert.equal(set.status, 200);
  };
  const rsa = { properties: { kty: 'RSA-HSM', keySize: 2048, keyOps: ['sign', 'verify'] }, tags: { a: 'b' } };
  const error = (json: unknown): string => (json as { error: { code: string; message: string } }).error.message;

  test('are not there while the setting is off', async () => {
    assert.equal((await ask('PUT', '/arm/keys/k', { body: rsa })).status, 421);
    await allow('true');
    assert.equal((await ask('PUT', '/arm/keys/k', { body: rsa })).status, 403);
    await instance.assign('Managed HSM ARM User', caller);
    assert.equal((await ask('PUT', '/arm/keys/k', { body: rsa })).status, 200);
    await allow('false');
    assert.equal((await ask('GET', '/arm/keys/k')).status, 421);
    await allow('true');
  });

  test('are made once, and stay what they are', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => ask('PUT', '/arm/keys/once', { body: rsa })));
    assert.deepEqual(new Set(made.map(({ text }) => text)).size, 1);
    const again = await ask('PUT', '/arm/keys/once', { body: { properties: { kty: 'EC-HSM', curveName: 'P-256' } } });
    assert.equal(again.text, made[0]?.text);
    const versions = (await ask('GET', '/arm/keys/once/versions')).json as { value: unknown[] };
    assert.equal(versions.value.length, 1);
    const { properties, tags } = again.json as { properties: Record<string, unknown>; tags: unknown };
    assert.deepEqual([properties['keySize'], properties['kty'], tags], [2048, 'RSA-HSM', { a: 'b' }]);
  });

  test('take no other token, and their token opens no other row', async () => {
    const data = await instance.issuer.token(caller);
    assert.equal((await ask('GET', '/arm/keys', { token: data })).status, 401);
    assert.equal((await instance.ask('GET', `/keys?${VERSION}`, { token: await armToken() })).status, 401);
    const administrator = await armToken(instance.administrator);
    for (const path of ['/keys', '/keys/once', '/settings', '/deletedkeys', '/securitydomain/download/pending']) {
      assert.equal((await ask('GET', path, { token: administrator })).status, 404, path);
    }
    assert.equal((await ask('POST', '/keys/once/sign', { token: administrator, body: {} })).status, 404);
    for (const path of ['/arm/keys', '/ARM/keys/once', '//arm/keys']) {
      const reply = await instance.ask('GET', `${path}?${VERSION}`, { token: await instance.adminToken() });
      assert.equal(reply.status, 404, path);
    }
    assert.equal((await ask('DELETE', '/arm/keys/once')).status, 404);
  });

  test('need the right role: reading does not make, and an administrator is not enough', async () => {
    const reader = randomUUID();
    await instance.assign('Managed HSM Crypto Auditor', reader);
    const token = await armToken(reader);
    assert.equal((await ask('GET', '/arm/keys/once', { token })).status, 200);
    assert.equal((await ask('PUT', '/arm/keys/new', { token, body: rsa })).status, 403);
    const administrator = await armToken(instance.administrator);
    assert.equal((await ask('PUT', '/arm/keys/new', { token: administrator, body: rsa })).status, 403);
  });

  test('are made and read whatever the network rules say, and only as the management plane hands them on', async () => {
    const closed: NetworkRules = {
      publicNetworkAccess: 'Enabled',
      networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [] },
      privateEndpointConnections: [{ name: 'pe', status: 'Approved' }],
    };
    for (const network of [closed, { ...closed, publicNetworkAccess: 'Disabled' as const }]) {
      await instance.service.update({ network });
      const refused = await instance.ask('GET', `/keys?${VERSION}`, { token: await instance.adminToken() });
      assert.match(refused.text, /ForbiddenByFirewall/);
      assert.equal((await ask('PUT', '/arm/keys/behind', { body: rsa })).status, 200);
      assert.equal((await ask('GET', '/arm/keys/behind')).status, 200);
      // Who is let in otherwise has no part in it: the management plane was not asked for a role there.
      const elsewhere = await instance.askAt(privatePort, 'GET', `/arm/keys/behind?${VERSION}`, {
        token: await armToken(),
        headers: { host: HOST },
      });
      assert.equal(elsewhere.status, 421, elsewhere.text);
      assert.ok(!elsewhere.text.includes(HOST));
      const own = { token: await instance.adminToken() };
      assert.equal((await instance.askAt(privatePort, 'GET', `/settings?${VERSION}`, own)).status, 200);
    }
    await instance.service.update({ network: OPEN_NETWORK });
  });

  test('name what they do not take', async () => {
    for (const [body, message] of [
      [{}, /properties is missing/],
      [{ properties: { ...rsa.properties, rotationPolicy: { lifetimeActions: [{}] } } }, /set in the HSM itself/],
      [{ properties: { kty: 'RSA-HSM', keySize: 1 } }, /key_size/],
    ] as const) {
      const reply = await ask('PUT', '/arm/keys/wrong', { body });
      assert.equal(reply.status, 400, reply.text);
      assert.match(error(reply.json), message);
    }
    assert.equal((await ask('GET', '/arm/keys/wrong')).status, 404);
  });
});
