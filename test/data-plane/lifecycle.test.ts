// Deleting, recovering and purging keys over raw HTTPS: shapes, the name that stays taken, protection, and what happens by
// itself when the retention ends.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type LoggedEntry, readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const DAY = 86_400;

interface DeletedBundle {
  readonly key: Record<string, unknown> & { readonly kid: string };
  readonly attributes: Record<string, unknown>;
  readonly recoveryId: string;
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

interface Client {
  (method: string, path: string, body?: unknown, version?: string): Promise<Reply>;
  readonly token: string;
}

function clientOf(instance: RunningInstance, token: string): Client {
  const ask = (method: string, path: string, body?: unknown, version = '7.6'): Promise<Reply> =>
    instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, {
      token,
      ...(body === undefined ? {} : { body }),
    });
  return Object.assign(ask, { token });
}

function codeOf(reply: Reply): string {
  const { error } = reply.json as { error: { code: string; innererror?: { code: string } } };
  return error.innererror === undefined ? error.code : `${error.code}/${error.innererror.code}`;
}

async function officer(instance: RunningInstance): Promise<Client> {
  const principal = randomUUID();
  await instance.assign('Managed HSM Crypto User', principal);
  await instance.assign('Managed HSM Crypto Officer', principal);
  return clientOf(instance, await instance.issuer.token(principal));
}

describe('deletion', () => {
  let instance: RunningInstance;
  let ask: Client;
  before(async () => {
    instance = await startRunningInstance();
    await instance.activate();
    ask = await officer(instance);
  });
  after(() => instance[Symbol.asyncDispose]());

  const create = async (name: string, body: unknown = { kty: 'oct-HSM', key_size: 128 }): Promise<string> => {
    const reply = await ask('POST', `/keys/${name}/create`, body);
    assert.equal(reply.status, 200, reply.text);
    return (reply.json as { key: { kid: string } }).key.kid;
  };
  const adminAsk = async (method: string, path: string, body?: unknown): Promise<Reply> =>
    clientOf(instance, await instance.adminToken())(method, path, body);

  test('a deleted key answers with its bundle and the promise of recovery, and no version of it works any more', async () => {
    const first = new URL(await create('Gone-1')).pathname;
    const second = new URL(await create('Gone-1')).pathname;
    const iv = Buffer.alloc(16).toString('base64url');
    const encrypt = { alg: 'A128CBC', value: iv, iv };
    assert.equal((await ask('POST', `${first}/encrypt`, encrypt)).status, 200);

    const reply = await ask('DELETE', '/keys/gone-1');
    assert.equal(reply.status, 200, reply.text);
    const bundle = reply.json as DeletedBundle;
    assert.equal(new URL(bundle.key.kid).pathname, second);
    assert.equal(bundle.recoveryId, 'https://test.managedhsm.azure.net/deletedkeys/Gone-1');
    assert.equal(bundle.scheduledPurgeDate - bundle.deletedDate, 7 * DAY);
    assert.ok(Math.abs(bundle.deletedDate - Date.now() / 1000) < 60);
    assert.deepEqual((await ask('GET', '/deletedkeys/GONE-1')).json, bundle);

    for (const path of [first, second, '/keys/Gone-1']) {
      assert.equal(codeOf(await ask('GET', path)), 'KeyNotFound');
      assert.equal(codeOf(await ask('POST', `${path}/encrypt`, encrypt)), 'KeyNotFound');
      assert.equal(codeOf(await ask('PATCH', path, { tags: {} })), 'KeyNotFound');
    }
    assert.deepEqual((await ask('GET', '/keys/gone-1/versions')).json, { value: [] });
    assert.equal(codeOf(await ask('DELETE', '/keys/gone-1')), 'KeyNotFound');
    const listed = (await ask('GET', '/keys')).json as { value: { kid: string }[] };
    assert.ok(!listed.value.some(({ kid }) => kid.endsWith('/Gone-1')));

    const taken = await ask('POST', '/keys/GONE-1/create', { kty: 'EC' });
    assert.equal(taken.status, 409);
    assert.equal(codeOf(taken), 'Conflict/ObjectIsDeletedButRecoverable');
    assert.match(taken.text, /only be recovered or purged/);

    const recovered = await ask('POST', '/deletedkeys/gone-1/recover');
    assert.equal(recovered.status, 200, recovered.text);
    assert.equal(new URL((recovered.json as DeletedBundle).key.kid).pathname, second);
    assert.equal((recovered.json as Partial<DeletedBundle>).recoveryId, undefined);
    assert.equal((await ask('POST', `${first}/encrypt`, encrypt)).status, 200);
    assert.equal(((await ask('GET', '/keys/gone-1/versions')).json as { value: unknown[] }).value.length, 2);
    assert.equal(codeOf(await ask('GET', '/deletedkeys/gone-1')), 'KeyNotFound');
    assert.equal(codeOf(await ask('POST', '/deletedkeys/gone-1/recover')), 'KeyNotFound');
  });

  test('a purge frees the name, takes all versions and the roles on that key, and leaves nothing to recover', async () => {
    for (let version = 0; version < 60; version++) await create('purged', { kty: 'oct-HSM', key_size: 128 });
    const helper = randomUUID();
    await instance.assign('Managed HSM Crypto User', helper, '/keys/purged');
    await instance.assign('Managed HSM Crypto User', helper, '/keys/purged-not');
    assert.equal(codeOf(await ask('DELETE', '/deletedkeys/purged')), 'KeyNotFound', 'it must be deleted first');
    await ask('DELETE', '/keys/purged');
    const purged = await ask('DELETE', '/deletedkeys/Purged');
    assert.deepEqual([purged.status, purged.text], [204, '']);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/recover'],
    ] as const) {
      assert.equal(codeOf(await ask(method, `/deletedkeys/purged${path}`)), 'KeyNotFound');
    }
    await create('purged');
    const versions = (await ask('GET', '/keys/purged/versions')).json as { value: unknown[] };
    assert.equal(versions.value.length, 1);
    const assignments = async (key: string): Promise<number> => {
      const reply = await adminAsk('GET', `/keys/${key}/providers/Microsoft.Authorization/roleAssignments`);
      const { value } = reply.json as { value: { properties: { principalId: string; scope: string } }[] };
      return value.filter(({ properties }) => properties.principalId === helper && properties.scope === `/keys/${key}`)
        .length;
    };
    assert.equal(await assignments('purged'), 0);
    assert.equal(await assignments('purged-not'), 1);
  });

  test('deleted keys are listed in pages, without a version, through next links without api-version', async () => {
    for (let i = 0; i < 7; i++) {
      await create(`bin-${i}`);
      await ask('DELETE', `/keys/bin-${i}`);
    }
    const seen: string[] = [];
    let next: string | undefined = '/deletedkeys?maxresults=3&api-version=7.6';
    while (next !== undefined) {
      const reply: Reply = await instance.ask('GET', next, { token: ask.token });
      assert.equal(reply.status, 200, reply.text);
      const { value, nextLink } = reply.json as { value: (DeletedBundle & { kid: string })[]; nextLink?: string };
      assert.ok(value.length <= 3);
      for (const item of value) {
        assert.match(item.kid, /\/keys\/bin-\d$/);
        assert.equal(item.recoveryId, item.kid.replace('/keys/', '/deletedkeys/'));
        assert.equal(item.scheduledPurgeDate - item.deletedDate, 7 * DAY);
        seen.push(item.kid.slice(-5));
      }
      if (nextLink !== undefined) assert.match(nextLink, /\/deletedkeys\/\?maxresults=3&\$skiptoken=[\w-]+$/);
      next = nextLink?.slice(nextLink.indexOf('/deletedkeys'));
    }
    assert.deepEqual(seen, ['bin-0', 'bin-1', 'bin-2', 'bin-3', 'bin-4', 'bin-5', 'bin-6']);
    for (let i = 0; i < 7; i++) assert.equal((await ask('DELETE', `/deletedkeys/bin-${i}`)).status, 204);
  });

  test('each step asks for its own data action at the key', async () => {
    await create('scoped');
    const user = randomUUID();
    await instance.assign('Managed HSM Crypto User', user, '/keys/scoped');
    const asUser = clientOf(instance, await instance.issuer.token(user));
    assert.equal((await asUser('DELETE', '/keys/scoped')).status, 200);
    for (const [method, path] of [
      ['GET', '/deletedkeys'],
      ['GET', '/deletedkeys/scoped'],
      ['POST', '/deletedkeys/scoped/recover'],
      ['DELETE', '/deletedkeys/scoped'],
    ] as const) {
      assert.equal(codeOf(await asUser(method, path)), 'AccessDenied', path);
    }
    assert.equal((await ask('POST', '/deletedkeys/scoped/recover')).status, 200);
    assert.equal((await ask('GET', '/deletedkeys/under_score')).status, 400);
    assert.equal((await ask('DELETE', '/keys/scoped/0123456789abcdef0123456789abcdef')).status, 405);
  });

  test('a deletion survives a restart', async () => {
    await create('kept');
    const deleted = (await ask('DELETE', '/keys/kept')).json;
    await instance.restart();
    assert.deepEqual((await ask('GET', '/deletedkeys/kept')).json, deleted);
    assert.equal(codeOf(await ask('GET', '/keys/kept')), 'KeyNotFound');
    assert.equal((await ask('POST', '/deletedkeys/kept/recover')).status, 200);
  });

  test('at the end of the retention a key is purged by itself, once, and that is on record', async () => {
    await create('expired');
    const deleted = (await ask('DELETE', '/keys/expired')).json as { scheduledPurgeDate: number };
    const travelled = await adminAsk('POST', '/strongroom/clock', { advanceSeconds: 7 * DAY - 60 });
    assert.equal(travelled.status, 200, travelled.text);
    assert.equal((await ask('GET', '/deletedkeys/expired')).status, 200);
    await adminAsk('POST', '/strongroom/clock', { advanceSeconds: 120 });
    await untilAnswer(() => ask('GET', '/deletedkeys/expired'), 404);
    await create('expired');
    const made = (await ask('GET', '/keys/expired')).json as { attributes: { created: number } };
    assert.ok(made.attributes.created > Date.now() / 1000 + 7 * DAY, 'keys are dated by the clock of the instance');
    const purges = await purgesOnRecord(instance, 1, (key) => key === '/keys/expired');
    assert.equal(purges.length, 1);
    assert.equal(purges[0]?.['identity'], '{"claim":{}}');
    const detail = { scheduledPurgeDate: new Date(deleted.scheduledPurgeDate * 1000).toISOString() };
    assert.deepEqual(purges[0]?.['properties'], { PoolType: 'M-HSM', clockOffset: 7 * DAY + 60, detail });
    assert.ok(Math.abs(Date.parse(String(purges[0]?.['time'])) - Date.now()) < 60_000, 'the log has real time');
  });
});

test('what fell due while nothing ran is purged at the next start, by one of several workers', async () => {
  let ahead = 0;
  await using instance = await startRunningInstance({ systemNow: () => Date.now() / 1000 + ahead });
  await instance.activate();
  const ask = await officer(instance);
  const names = Array.from({ length: 12 }, (_, i) => `late-${i}`);
  for (const name of names) {
    await ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM' });
    await ask('DELETE', `/keys/${name}`);
  }
  await using other = await instance.startWorker();
  assert.notEqual(other.port, instance.port);
  ahead = 8 * DAY;
  // The first worker starts with all of it due; the other hears of a jump and finds it due as well.
  const restarted = instance.restart();
  await restarted;
  for (const name of names) await untilAnswer(() => ask('GET', `/deletedkeys/${name}`), 404);
  const purges = await purgesOnRecord(instance, names.length);
  assert.deepEqual(purges.map(({ key }) => String(key)).toSorted(), names.map((name) => `/keys/${name}`).toSorted());
});

test('purge protection binds everybody, is taken from the configuration once, and is never given back', async () => {
  await using instance = await startRunningInstance({ purgeProtection: true });
  await instance.activate();
  const ask = await officer(instance);
  const created = await ask('POST', '/keys/safe/create', { kty: 'oct-HSM' });
  assert.equal((created.json as DeletedBundle).attributes['recoveryLevel'], 'CustomizedRecoverable');
  await ask('DELETE', '/keys/safe');
  const refused = async (): Promise<void> => {
    const reply = await ask('DELETE', '/deletedkeys/safe');
    assert.equal(reply.status, 403);
    assert.equal(codeOf(reply), 'Forbidden/PurgeProtected');
  };
  await refused();
  // Whoever owns the machine edits the file: shorter retention, no protection.
  await instance.configure({ purgeProtection: false, softDeleteRetentionInDays: 90 });
  await instance.restart();
  await refused();
  const again = await ask('POST', '/keys/other/create', { kty: 'oct-HSM' });
  assert.deepEqual(
    [
      (again.json as DeletedBundle).attributes['recoveryLevel'],
      (again.json as DeletedBundle).attributes['recoverableDays'],
    ],
    ['CustomizedRecoverable', 7],
  );
  const admin = clientOf(instance, await instance.adminToken());
  await admin('POST', '/strongroom/clock', { advanceSeconds: 7 * DAY });
  await untilAnswer(() => ask('GET', '/deletedkeys/safe'), 404);
});

/** What the instance does by itself it does soon, not at once. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 90_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, what);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const untilAnswer = (ask: () => Promise<Reply>, status: number): Promise<void> =>
  until(`the answer did not become ${status}`, async () => (await ask()).status === status);

/** Entries follow their purges, and nobody waits for them to be answered: resolves when there are as many. */
async function purgesOnRecord(
  instance: RunningInstance,
  count: number,
  isMeant: (key: string) => boolean = () => true,
): Promise<readonly LoggedEntry[]> {
  const read = (): readonly LoggedEntry[] =>
    readEntries(instance).filter(({ operationName, key }) => operationName === 'KeyPurge' && isMeant(String(key)));
  await until(`there are not ${count} purges on record`, async () => read().length >= count);
  return read();
}
