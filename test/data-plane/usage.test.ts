// The views of usage over real connections: what they say is what was done, who may ask, and that files alone say the same.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nounsOf } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands/usage.ts';
import { dispatch } from '../../src/cli/dispatch.ts';
import { openIndexWriter } from '../../src/features/audit/index/catch-up.ts';
import { indexPlace } from '../../src/features/audit/index/index-file.ts';
import type { FailureRow, KeyRow, RoleRow, Viewed, VolumeRow } from '../../src/features/usage/views.ts';
import { TILE_WIDTH } from '../../src/formats/tlog-tiles.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const [signer, stranger] = [randomUUID(), randomUUID()];
let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  await instance.assign('Managed HSM Crypto User', signer);
  const ask = async (oid: string, path: string, body: object): Promise<Reply> =>
    instance.ask('POST', `/keys/${path}?api-version=7.4`, { token: await instance.issuer.token(oid), body });
  await ask(signer, 'Pay/create', { kty: 'EC-HSM', crv: 'P-256' });
  const hash = { alg: 'ES256', value: Buffer.alloc(32, 1).toString('base64url') };
  for (let i = 0; i < 3; i++) assert.equal((await ask(signer, 'pay/sign', hash)).status, 200);
  for (let i = 0; i < 2; i++) assert.equal((await ask(stranger, 'pay/sign', hash)).status, 403);
  assert.equal((await ask(signer, 'pay/sign', { ...hash, alg: 'RS256' })).status, 400);
  await instance.ask('GET', '/keys?api-version=7.4');
});
after(() => instance[Symbol.asyncDispose]());

const view = async (query: string, token?: string): Promise<Reply> =>
  instance.ask('GET', `/strongroom/v1/usage?${query}`, { token: token ?? (await instance.adminToken()) });
const rows = async <R>(query: string): Promise<readonly R[]> => {
  const { status, json, text } = await view(query);
  assert.equal(status, 200, text);
  return (json as Viewed).rows as readonly R[];
};

test('each view says what was done: uses by version, changes of roles, failures by their pattern, volume', async () => {
  const uses = await rows<KeyRow>('view=keys&key=PAY');
  assert.deepEqual(
    uses.map(({ key, principal, operation, count, days }) => [key, principal, operation, count, days]),
    [['Pay', signer, 'KeySign', 3, 1]],
  );
  assert.ok((uses[0]?.first ?? '') <= (uses[0]?.last ?? ''));
  assert.deepEqual(await rows(`view=keys&key=pay/${uses[0]?.version ?? ''}`), uses);
  assert.deepEqual(await rows(`view=keys&key=pay/${'0'.repeat(32)}`), []);
  assert.deepEqual(await rows(`view=keys&principal=${stranger}`), []);

  const changes = await rows<RoleRow>('view=roles');
  assert.deepEqual(
    changes.map(({ operation, by, role, principal, outcome }) => [operation, by, role, principal, outcome]),
    [
      ['RoleAssignmentCreate', instance.administrator, 'Managed HSM Crypto User', signer, 'OK'],
      ['InitialAdministratorsAssigned', undefined, 'Managed HSM Administrator', instance.administrator, 'OK'],
    ],
  );
  const failed = await rows<FailureRow>('view=failures');
  assert.deepEqual(
    failed.map(({ principal, operation, reason, address, count }) => [principal, operation, reason, address, count]),
    [
      [stranger, 'KeySign', 'AccessDenied', '127.0.0.1', 2],
      [signer, 'KeySign', 'BadParameter', '127.0.0.1', 1],
    ],
  );
  const [today, ...others] = await rows<VolumeRow>('view=volume');
  assert.deepEqual([today?.of, today?.verdict, others], ['all', 'not known', []]);
  assert.match(today?.because ?? '', /there are 0 days before it, 7 are needed/);
  assert.deepEqual(await rows('view=volume&since=2026-01-01&until=2026-01-02'), []);
});

test('it is for those who may read the log, and what does not read is refused', async () => {
  assert.equal((await view('view=keys', await instance.issuer.token(signer))).status, 403);
  for (const query of ['view=all', 'key=a/b', 'principal=me', 'since=soon', 'since=2026-02-01&until=2026-01-01'])
    assert.equal((await view(query)).status, 400, query);
});

test('the files alone say the same, in a table and as JSON', async () => {
  const log = join(instance.folder, 'instances/test/audit');
  const run = async (...words: string[]): Promise<{ code: number; out: string }> => {
    let out = '';
    const terminal = { out: (text: string) => (out += text), err: () => undefined };
    return { code: await dispatch(nounsOf(commands), '0', ['usage', '--log', log, ...words], terminal), out };
  };
  for (const name of ['keys', 'roles', 'failures']) {
    const { code, out } = await run('--view', name, '--json');
    assert.equal(code, 0);
    assert.deepEqual((JSON.parse(out) as Viewed).rows, await rows(`view=${name}`), name);
  }
  assert.match((await run()).out, /^KEY +VERSION +PRINCIPAL +OPERATION +TIMES +DAYS +FIRST +LAST\nPay /);
  assert.match(
    (await run('--view', 'failures')).out,
    /^PRINCIPAL +OPERATION +REASON[^]*AccessDenied +127\.0\.0\.1 +2 /,
  );
  assert.equal((await run('--principal', 'me')).code, 2);
});

test('a worker takes the index of its log where there is one, and adds what it lacks', async () => {
  const log = join(instance.folder, 'instances/test/audit');
  const place = indexPlace(join(instance.folder, 'index'), log);
  // A bundle and more: what is indexed is whole bundles.
  for (let i = 0; i < 3 * TILE_WIDTH; i += 64) {
    await Promise.all(Array.from({ length: 64 }, () => view('view=all')));
  }
  const before = await rows<KeyRow>('view=keys');
  {
    using writer = openIndexWriter(place, assert.fail);
    while (writer.step(50));
    assert.ok(writer.position >= TILE_WIDTH);
  }
  assert.deepEqual(await rows<KeyRow>('view=keys'), before);
  writeFileSync(place.path, 'no index');
  assert.deepEqual(await rows<KeyRow>('view=keys'), before);
});
