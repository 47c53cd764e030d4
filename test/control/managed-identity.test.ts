// The identity of instances of the dev profile towards blob storage, asked for by raw HTTPS.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const STORAGE = 'https://storage.azure.com';

describe('the managed identity of instances', () => {
  let control: RunningControl;
  let header: string;
  before(async () => {
    control = await runControl();
    header = await readFile(join(control.folder, 'identity-header'), 'utf8');
  });
  after(() => control[Symbol.asyncDispose]());

  const ask = (changes: Readonly<Record<string, string>> = {}, shown: string | undefined = header): Promise<Reply> => {
    const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: STORAGE, ...changes });
    return control.call(`https://127.0.0.1:${control.port}/msi/token?${query}`, {
      headers: shown === undefined ? {} : { 'x-identity-header': shown },
    });
  };

  test('a token for blob storage is of the identity in the directory, and verifies', async () => {
    const reply = await ask();
    assert.equal(reply.status, 200, reply.text);
    const [identity] = control.directory.managedIdentities;
    const keys = await control.call(
      `https://127.0.0.1:${control.port}/${control.secrets.tenantId}/discovery/v2.0/keys`,
    );
    const { payload } = await jwtVerify(
      String(reply.json.access_token),
      createLocalJWKSet(keys.json as unknown as JSONWebKeySet),
      { issuer: `https://sts.windows.net/${control.secrets.tenantId}/`, audience: STORAGE, algorithms: ['RS256'] },
    );
    assert.equal(payload['oid'], identity?.oid);
    assert.equal(payload['appid'], identity?.clientId);
    assert.equal(payload['tid'], control.secrets.tenantId);
    assert.equal(Number(reply.json.expires_on), payload.exp);
    assert.equal((await ask({ client_id: identity?.clientId ?? '' })).status, 200);
    assert.equal((await ask({ resource: `${STORAGE}/` })).status, 200);
  });

  test('whoever does not have the header gets none', async () => {
    for (const shown of ['', 'x', header.slice(1), `${header}x`, header.toUpperCase().replace(/^./, 'z')]) {
      assert.equal((await ask({}, shown)).status, 401, shown);
    }
    const none = await control.call(
      `https://127.0.0.1:${control.port}/msi/token?api-version=2019-08-01&resource=${encodeURIComponent(STORAGE)}`,
    );
    assert.equal(none.status, 401);
    assert.equal((await stat(join(control.folder, 'identity-header'))).mode & 0o777, 0o600);
  });

  test('there are tokens for nothing but storage, and for nobody else', async () => {
    for (const resource of [
      'https://managedhsm.azure.net',
      'https://management.azure.com/',
      'https://vault.azure.net',
      'https://storage.azure.com.evil',
      '',
    ]) {
      assert.equal((await ask({ resource })).status, 400, resource);
    }
    assert.equal((await ask({ client_id: control.secrets.applications.admin.appId })).status, 400);
    assert.equal((await ask({ 'api-version': '2018-02-01' })).status, 400);
  });

  test('applications get none for storage in the ordinary way', async () => {
    await assert.rejects(control.token(control.secrets.applications.admin, STORAGE), /no token/);
  });

  test('the header stays the same from start to start', async () => {
    await control.restart();
    assert.equal(await readFile(join(control.folder, 'identity-header'), 'utf8'), header);
    assert.equal((await ask()).status, 200);
  });
});
