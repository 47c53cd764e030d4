// The guard over real connections: who used a key is asked before it is taken from them, by every way of taking it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type LoggedEntry, readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const WHY = { 'x-strongroom-reason': 'moved to v2' };
const user = randomUUID();
let instance: RunningInstance;
let token: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  await instance.assign('Managed HSM Crypto User', user);
  await instance.assign('Managed HSM Crypto Officer', user);
  token = await instance.issuer.token(user);
});
after(() => instance[Symbol.asyncDispose]());

const ask = (
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.4`, { token, headers, ...(body === undefined ? {} : { body }) });
const set = async (value: string): Promise<void> => {
  const admin = await instance.adminToken();
  const path = '/settings/StrongroomRetirementGuard?api-version=7.4';
  assert.equal((await instance.ask('PATCH', path, { token: admin, body: { value } })).status, 200);
};
/** @returns its path, with the version */
const makeKey = async (name: string): Promise<string> => {
  const made = await ask('POST', `/keys/${name}/create`, { kty: 'EC-HSM', crv: 'P-256' });
  const { kid } = (made.json as { key: { kid: string } }).key;
  return new URL(kid).pathname;
};
const sign = async (path: string): Promise<void> => {
  const body = { alg: 'ES256', value: Buffer.alloc(32, 1).toString('base64url') };
  assert.equal((await ask('POST', `${path}/sign`, body)).status, 200);
};
const disable = (path: string, headers?: Readonly<Record<string, string>>): Promise<Reply> =>
  ask('PATCH', path, { attributes: { enabled: false } }, headers);
const refusal = ({ status, json }: Reply): readonly unknown[] => {
  const { error } = json as { error: { code: string; message: string; innererror?: { code: string } } };
  return [status, error.code, error.innererror?.code];
};
const IN_USE = [409, 'Conflict', 'KeyInUse'];
const newest = (operation: string): LoggedEntry =>
  readEntries(instance).findLast(({ operationName }) => operationName === operation) ?? assert.fail('no entry');
const detailOf = (entry: LoggedEntry): unknown => (entry['properties'] as { detail?: unknown }).detail;

test('off, nothing is asked, told or recorded', async () => {
  const path = await makeKey('free');
  await sign(path);
  const reply = await disable(path);
  assert.deepEqual([reply.status, reply.headers['x-strongroom-warning']], [200, undefined]);
  assert.ok(!('usedBy' in Object(detailOf(newest('KeyUpdate')))));
});

test('warned, it is done, and who used it is told and recorded', async () => {
  await set('warn');
  const path = await makeKey('warned');
  await sign(path);
  const reply = await disable(path);
  assert.equal(reply.status, 200);
  assert.match(
    String(reply.headers['x-strongroom-warning']),
    new RegExp(`was used in the last 30 days by ${user} \\(KeySign, 1 times`),
  );
  assert.deepEqual((detailOf(newest('KeyUpdate')) as { usedBy: unknown }).usedBy, [user]);
  const deleted = await ask('DELETE', '/keys/warned');
  assert.equal(deleted.status, 200);
  assert.match(String(deleted.headers['x-strongroom-warning']), /^Key warned, to be deleted, was used/);
});

test('enforced, a key in use is not disabled, expired, narrowed, deleted or purged, unless somebody says why', async () => {
  await set('enforce');
  const path = await makeKey('kept');
  await sign(path);
  const refused = await disable(path);
  assert.deepEqual(refusal(refused), IN_USE);
  for (const told of [user, 'KeySign', './strongroom key dependants kept', 'x-strongroom-reason'])
    assert.ok(refused.text.includes(told), told);
  const entry = newest('KeyUpdate');
  assert.equal(entry['resultType'], 'Failed');
  assert.ok(String(entry['resultDescription']).includes(user));
  const soon = Math.floor(Date.now() / 1000) + 60;
  for (const body of [
    { attributes: { exp: 1_000_000_000 } },
    { attributes: { exp: soon } },
    { attributes: { nbf: soon } },
    { key_ops: ['verify'] },
  ])
    assert.deepEqual(refusal(await ask('PATCH', path, body)), IN_USE, JSON.stringify(body));
  // Nobody verified, and a year is time enough.
  for (const body of [{ key_ops: ['sign'] }, { attributes: { exp: soon + 365 * 86_400 } }, { tags: { a: 'b' } }])
    assert.equal((await ask('PATCH', path, body)).status, 200, JSON.stringify(body));
  assert.deepEqual(refusal(await ask('DELETE', '/keys/kept')), IN_USE);
  assert.deepEqual(refusal(await ask('DELETE', '/keys/kept', undefined, { 'x-strongroom-reason': ' ' })), [
    400,
    'BadParameter',
    undefined,
  ]);
  await sign(path);

  assert.equal((await ask('DELETE', '/keys/kept', undefined, WHY)).status, 200);
  const { usedBy, reason } = detailOf(newest('KeyDelete')) as { usedBy: unknown; reason: unknown };
  assert.deepEqual([usedBy, reason], [[user], 'moved to v2']);
  assert.deepEqual(refusal(await ask('DELETE', '/deletedkeys/kept')), IN_USE);
  const agent = `az/1 strongroom-reason/${Buffer.from('moved').toString('base64url')}`;
  assert.equal((await ask('DELETE', '/deletedkeys/kept', undefined, { 'user-agent': agent })).status, 204);

  // Another key of that name, and another version, have nobody.
  await makeKey('kept');
  assert.equal((await ask('DELETE', '/keys/kept')).status, 200);
  const one = await makeKey('two');
  await sign(one);
  assert.equal((await disable(await makeKey('two'))).status, 200);
  assert.deepEqual(refusal(await disable(one)), IN_USE);
  assert.equal((await ask('DELETE', '/keys/nobody')).status, 404);
});

test('who used a key is listed by version, for those who could take it from them and for nobody else', async () => {
  const one = await makeKey('listed');
  await sign(one);
  await sign(one);
  await makeKey('listed');
  const list = async (oid: string, query = ''): Promise<Reply> =>
    instance.ask('GET', `/strongroom/v1/keys/listed/dependants${query}`, { token: await instance.issuer.token(oid) });
  const reply = await list(user);
  assert.equal(reply.status, 200, reply.text);
  const { versions, days, guard } = reply.json as {
    days: number;
    guard: string;
    versions: {
      version: string;
      current: boolean;
      dependants: { principal: string; operation: string; count: number }[];
    }[];
  };
  assert.deepEqual([days, guard], [30, 'enforce']);
  assert.deepEqual(
    versions.map(({ current, dependants }) => [
      current,
      ...dependants.map(({ principal, operation, count }) => [principal, operation, count]),
    ]),
    [[false, [user, 'KeySign', 2]], [true]],
  );
  const reader = randomUUID();
  await instance.assign('Managed HSM Crypto Auditor', reader);
  assert.equal((await list(reader)).status, 403);
  const auditor = randomUUID();
  await instance.assign('Strongroom Auditor', auditor);
  assert.equal((await list(auditor)).status, 200);
  assert.equal((await list(user, '?days=0')).status, 400);
});

test('what cannot be read is nobody’s leave: refused with why, and let pass with a reason', async () => {
  await set('enforce');
  const path = await makeKey('unknown');
  const bundles = join(instance.folder, 'instances/test/audit/journal');
  const aside = `${bundles}.aside`;
  renameSync(bundles, aside);
  try {
    // What is not there any more cannot say that nobody used the key.
    const refused = await disable(path);
    assert.deepEqual(refusal(refused), [409, 'Conflict', 'UsageUnknown'], refused.text);
    assert.ok(refused.text.includes('its log could not be read'));
  } finally {
    renameSync(aside, bundles);
  }
  assert.equal((await disable(path)).status, 200);
});
