// Settings over raw HTTPS: shapes, who may, what is refused; and the limits that they set, each refusal naming its limit.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let user: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const principal = randomUUID();
  await instance.assign('Managed HSM Crypto User', principal);
  await instance.assign('Managed HSM Crypto Officer', principal);
  user = await instance.issuer.token(principal);
});
after(() => instance[Symbol.asyncDispose]());

const ask = (token: string, method: string, path: string, body?: unknown, version = '7.4'): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=${version}`, { token, ...(body === undefined ? {} : { body }) });
const asAdmin = async (method: string, path: string, body?: unknown, version?: string): Promise<Reply> =>
  ask(await instance.adminToken(), method, path, body, version);
const set = async (name: string, value: unknown): Promise<Reply> => asAdmin('PATCH', `/settings/${name}`, { value });
const create = (name: string, body: object = {}): Promise<Reply> =>
  ask(user, 'POST', `/keys/${name}/create`, { kty: 'oct', key_size: 128, ...body });

function codeOf(reply: Reply): string {
  const { error } = reply.json as { error: { code: string; innererror?: { code: string } } };
  return error.innererror === undefined ? error.code : `${error.code}/${error.innererror.code}`;
}

test('settings are listed, shown and changed in the forms that clients read', async () => {
  const listed = (await asAdmin('GET', '/settings')).json as {
    settings: { name: string; type: string; value: string }[];
  };
  assert.deepEqual(listed.settings[0], {
    name: 'AllowKeyManagementOperationsThroughARM',
    type: 'boolean',
    value: 'false',
  });
  assert.ok(listed.settings.every(({ value }) => typeof value === 'string'));
  // KeyVaultSettingsClient.getSettings() of Java fails as a whole at any other type.
  assert.ok(listed.settings.every(({ type }) => type === 'boolean'));
  const own = (await instance.ask('GET', '/strongroom/settings', { token: await instance.adminToken() })).json;
  const { settings } = own as typeof listed;
  assert.ok(settings.some(({ name, type }) => name === 'StrongroomMaxKeys' && type === 'integer'));
  for (const setting of settings) {
    assert.deepEqual((await asAdmin('GET', `/settings/${setting.name}`)).json, setting);
    assert.equal(
      setting.type === 'boolean',
      listed.settings.some(({ name }) => name === setting.name),
    );
  }
  const changed = await set('allowkeymanagementoperationsthrougharm', 'True');
  assert.equal(changed.status, 200, changed.text);
  const wanted = { name: 'AllowKeyManagementOperationsThroughARM', type: 'boolean', value: 'true' };
  assert.deepEqual(changed.json, wanted);
  const note = "The setting AllowKeyManagementOperationsThroughARM is now 'true'";
  assert.ok(JSON.stringify(readEntries(instance)).includes(note), 'what it became is on record');
  await instance.restart();
  assert.deepEqual((await asAdmin('GET', '/settings/AllowKeyManagementOperationsThroughARM')).json, wanted);
});

test('what a setting does not take is refused and changes nothing', async () => {
  for (const value of ['many', '0', '-1', '1000001', '']) {
    const reply = await set('StrongroomMaxKeys', value);
    assert.equal(codeOf(reply), 'BadParameter', value);
    assert.match(reply.text, /StrongroomMaxKeys must be a whole number from 1 to 1000000/);
  }
  assert.equal(codeOf(await set('StrongroomMaxKeys', 5)), 'BadParameter');
  assert.equal(codeOf(await asAdmin('PATCH', '/settings/StrongroomMaxKeys', {})), 'BadParameter');
  for (const reply of [await set('NoSuchSetting', 'true'), await asAdmin('GET', '/settings/invalid%20name')]) {
    assert.deepEqual([reply.status, codeOf(reply)], [400, 'InvalidSetting']);
    assert.match(
      reply.text,
      /"Invalid setting name\. Please check the spelling of the setting name to update\. \(Activity ID: [0-9a-f-]{36}\)"/,
    );
  }
  assert.equal(((await asAdmin('GET', '/settings/StrongroomMaxKeys')).json as { value: string }).value, '250000');
});

test('only who has the data actions reads and changes settings, and only in api-versions that have them', async () => {
  for (const path of ['/settings', '/strongroom/settings', '/settings/StrongroomMaxKeys']) {
    assert.equal(codeOf(await ask(user, 'GET', path)), 'AccessDenied', path);
  }
  assert.equal(codeOf(await ask(user, 'PATCH', '/settings/StrongroomVaultAlias', { value: 'true' })), 'AccessDenied');
  assert.equal(codeOf(await asAdmin('GET', '/settings', undefined, '7.3')), 'NotFound');
  assert.equal((await asAdmin('GET', '/settings', undefined, '7.4-preview.1')).status, 200);
});

test('each limit refuses what would pass it, by its name, and takes it once it is raised', async () => {
  const reached = async (reply: Promise<Reply>, name: string): Promise<void> => {
    assert.equal(codeOf(await reply), 'Conflict/LimitReached');
    assert.match((await reply).text, new RegExp(name));
  };
  await create('first');
  await set('StrongroomMaxVersionsPerKey', '2');
  assert.equal((await create('first')).status, 200);
  await reached(create('first'), 'StrongroomMaxVersionsPerKey');
  await set('StrongroomMaxVersionsPerKey', '3');
  assert.equal((await create('first')).status, 200);

  await set('StrongroomMaxKeys', '2');
  assert.equal((await create('second')).status, 200);
  await ask(user, 'DELETE', '/keys/second');
  await reached(create('third'), 'StrongroomMaxKeys');
  await ask(user, 'DELETE', '/deletedkeys/second');
  assert.equal((await create('third')).status, 200, 'a purge makes room');

  await set('StrongroomMaxVersionsPerKey', '10');
  await set('StrongroomMaxTagsPerKey', '1');
  await reached(create('first', { tags: { a: '1', b: '2' } }), 'StrongroomMaxTagsPerKey');
  await reached(ask(user, 'PATCH', '/keys/first', { tags: { a: '1', b: '2' } }), 'StrongroomMaxTagsPerKey');
  assert.equal((await ask(user, 'PATCH', '/keys/first', { tags: { a: '1' } })).status, 200);
});

test('old clients are served, and see no member that came later', async () => {
  await set('StrongroomMaxKeys', '10');
  await set('StrongroomMaxVersionsPerKey', '10');
  await create('aged');
  const attributesIn = async (version: string): Promise<Record<string, unknown>> => {
    const reply = await ask(user, 'GET', '/keys/aged', undefined, version);
    assert.equal(reply.status, 200, reply.text);
    return (reply.json as { attributes: Record<string, unknown> }).attributes;
  };
  for (const version of ['2016-10-01', '7.0', '7.1', '7.4-preview.1', '7.6', '2025-07-01']) {
    assert.equal('key_size' in (await attributesIn(version)), false, version);
  }
  for (const version of ['2026-01-01-preview', '2026-07-01-preview']) {
    assert.equal((await attributesIn(version))['key_size'], 128, version);
  }
  const hmac = { alg: 'HS256', value: Buffer.alloc(32).toString('base64url') };
  assert.equal((await ask(user, 'POST', '/keys/aged/sign', hmac, '7.5')).status, 400);
  assert.equal((await ask(user, 'GET', '/keys', undefined, '2015-06-01')).status, 400);
});

test('a production instance has no clock to move, and does not get one by an edit of its file', async () => {
  await using production = await startRunningInstance({ profile: 'production' });
  await production.activate();
  const travel = async (): Promise<Reply> =>
    production.ask('POST', '/strongroom/clock', {
      token: await production.adminToken(),
      body: { advanceSeconds: 86_400 },
    });
  assert.equal((await travel()).status, 404);
  await production.configure({ profile: 'dev' });
  await production.restart();
  assert.equal((await travel()).status, 404);
});
