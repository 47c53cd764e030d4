// Random bytes over raw HTTPS: how many, to whom, from which api-version on, and that none of them is put on record.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let token: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
});
after(() => instance[Symbol.asyncDispose]());

const draw = (body: unknown, version = '7.6', as = token): Promise<Reply> =>
  instance.ask('POST', `/rng?api-version=${version}`, { token: as, body });
const valueOf = (reply: Reply): string => {
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(Object.keys(reply.json as object), ['value']);
  return (reply.json as { value: string }).value;
};

test('answers from 1 to 128 bytes as base64url, never the same', async () => {
  for (const count of [1, 2, 3, 32, 127, 128]) {
    const value = valueOf(await draw({ count }));
    assert.match(value, /^[\w-]+$/);
    assert.equal(Buffer.from(value, 'base64url').length, count);
  }
  const many = await Promise.all(Array.from({ length: 40 }, async () => valueOf(await draw({ count: 16 }))));
  assert.equal(new Set(many).size, many.length);
});

test('another count is refused in the words of the service', async () => {
  for (const count of [0, -1, 129, 2 ** 32 + 1]) {
    const reply = await draw({ count });
    assert.equal(reply.status, 400, String(count));
    const { error } = reply.json as { error: { code: string; message: string } };
    assert.equal(error.code, 'BadParameter');
    assert.match(
      error.message,
      /^GetRandomBytesRequest: count cannot be greater than 128 or less than 1 \(Activity ID: /,
    );
  }
  for (const count of [1.5, 'many', true, [1], { a: 1 }]) {
    const reply = await draw({ count });
    assert.equal(reply.status, 400);
    assert.match(reply.text, /'count' must be an integer/);
  }
  for (const body of [{}, { count: null }, { count: [] }]) assert.match((await draw(body)).text, /'count' is required/);
});

test('comes in every api-version, also the oldest that clients still send', async () => {
  for (const version of ['2016-10-01', '7.0', '7.2', '7.3-preview', '7.3', '7.6-preview.2', '2025-07-01']) {
    assert.equal((await draw({ count: 4 }, version)).status, 200, version);
  }
});

test('a role with rng/action at / is needed', async () => {
  const [auditor, user] = [randomUUID(), randomUUID()];
  await instance.assign('Managed HSM Crypto Auditor', auditor);
  await instance.assign('Managed HSM Crypto User', user, '/keys');
  for (const principal of [auditor, user]) {
    const reply = await draw({ count: 4 }, '7.6', await instance.issuer.token(principal));
    assert.equal(reply.status, 403);
    assert.match(reply.text, /AccessDenied.*managedHsm\/rng\/action on \//);
  }
});

test('the call is on record, and what was drawn is not', async () => {
  const value = valueOf(await draw({ count: 64 }));
  const entries = readEntries(instance).filter(({ operationName }) => operationName === 'RandomBytesGet');
  assert.equal(entries.at(-1)?.['dataAction'], 'Microsoft.KeyVault/managedHsm/rng/action');
  assert.equal(entries.at(-1)?.['httpStatusCode'], 200);
  assert.ok(!JSON.stringify(entries).includes(value));
});
