// Backup and restore of single keys over raw HTTPS: the same key with all versions in another instance of the same security
// domain, and nowhere else.
import assert from 'node:assert/strict';
import { constants, createPublicKey, publicEncrypt, randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

interface Place {
  readonly instance: RunningInstance;
  readonly token: string;
}
let home: Place;
let sibling: Place;
let foreign: Place;

async function place(options: Parameters<typeof startRunningInstance>[0] = {}): Promise<Place> {
  const instance = await startRunningInstance(options);
  if (options.sameDomainAs === undefined) await instance.activate();
  const user = randomUUID();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await instance.assign(role, user);
  return { instance, token: await instance.issuer.token(user) };
}
before(async () => {
  home = await place();
  [sibling, foreign] = await Promise.all([place({ sameDomainAs: home.instance }), place()]);
});
after(() => Promise.all([home, sibling, foreign].map(({ instance }) => instance[Symbol.asyncDispose]())));

interface Bundle {
  readonly key: Record<string, string> & { readonly kid: string };
  readonly attributes: Record<string, unknown>;
}

const ask = ({ instance, token }: Place, method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token, ...(body === undefined ? {} : { body }) });

async function done<T>(reply: Promise<Reply>): Promise<T> {
  const { status, text, json } = await reply;
  assert.equal(status, 200, text);
  return json as T;
}

const backup = async (from: Place, name: string): Promise<string> =>
  (await done<{ value: string }>(ask(from, 'POST', `/keys/${name}/backup`))).value;

async function refused(reply: Reply, status: number, code: string, text: RegExp): Promise<void> {
  const { error } = reply.json as { error: { code: string; message: string } };
  assert.equal(`${reply.status} ${error.code}`, `${status} ${code}`, reply.text);
  assert.match(error.message, text);
}

test('a restored key has its name, versions, attributes and tags, and opens what was encrypted before', async () => {
  const first = await done<Bundle>(
    ask(home, 'POST', '/keys/Whole/create', { kty: 'RSA', key_ops: ['decrypt', 'sign'] }),
  );
  const { n, e } = first.key;
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: n as string, e: e as string }, format: 'jwk' });
  const sealed = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from('before'));
  await done(ask(home, 'PUT', '/keys/whole', { key: { kty: 'oct', k: randomBytes(32).toString('base64url') } }));
  const last = { kty: 'EC', crv: 'P-521', tags: { a: 'b' }, attributes: { exp: 4102444800, enabled: false } };
  await done(ask(home, 'POST', '/keys/whole/create', last));

  const value = await backup(home, 'whole');
  const restored = await done<Bundle>(ask(sibling, 'POST', '/keys/restore', { value }));
  assert.deepEqual(restored, await done(ask(home, 'GET', '/keys/whole')));
  assert.deepEqual(await done(ask(sibling, 'GET', '/keys/whole')), restored);
  const versions = (from: Place): Promise<unknown> => done(ask(from, 'GET', '/keys/whole/versions'));
  assert.deepEqual(await versions(sibling), await versions(home));
  const path = new URL(first.key.kid).pathname;
  const opened = await done<{ value: string }>(
    ask(sibling, 'POST', `${path}/decrypt`, { alg: 'RSA-OAEP', value: sealed.toString('base64url') }),
  );
  assert.equal(Buffer.from(opened.value, 'base64url').toString(), 'before');
  const { value: list } = (await versions(home)) as { value: { kid: string }[] };
  for (const { kid } of list) {
    const where = `/strongroom${new URL(kid).pathname}/provenance`;
    assert.deepEqual(await done(ask(sibling, 'GET', where)), await done(ask(home, 'GET', where)));
  }
  await sibling.instance.restart();
  assert.deepEqual(await versions(sibling), await versions(home));
});

test('the value is the JWE that the service describes', async () => {
  await done(ask(home, 'POST', '/keys/form/create', { kty: 'oct' }));
  const parts = Buffer.from(await backup(home, 'form'), 'base64url')
    .toString()
    .split('.');
  assert.deepEqual(JSON.parse(Buffer.from(parts[0] as string, 'base64url').toString()), {
    alg: 'dir',
    enc: 'A256CBC-HS512',
    kid: 'backup-protection-key',
  });
  assert.deepEqual([parts.length, parts[1]], [5, '']);
});

test('a blob of another security domain, or a changed one, restores nothing', async () => {
  await done(ask(home, 'POST', '/keys/bound/create', { kty: 'oct' }));
  const value = await backup(home, 'bound');
  const other = /^Backup blob belongs to a different crypto domain and cannot be used with this instance\./;
  await refused(await ask(foreign, 'POST', '/keys/restore', { value }), 400, 'MalformedBackupBlob', other);
  const jwe = Buffer.from(value, 'base64url');
  for (const at of [90, 120, jwe.length - 1]) {
    const edited = Buffer.from(jwe);
    edited[at] = edited[at] === 0x41 ? 0x42 : 0x41;
    const reply = await ask(sibling, 'POST', '/keys/restore', { value: edited.toString('base64url') });
    await refused(reply, 400, 'MalformedBackupBlob', other);
  }
  for (const wrong of ['', 'AAAA', '!', value.slice(0, -5), Buffer.from('é.é.é.é.é').toString('base64url')]) {
    const reply = await ask(sibling, 'POST', '/keys/restore', { value: wrong });
    await refused(reply, 400, 'MalformedBackupBlob', other);
  }
  await refused(await ask(sibling, 'POST', '/keys/restore', {}), 400, 'BadParameter', /'value' is required/);
  await refused(await ask(sibling, 'POST', '/keys/restore', { value: 7 }), 400, 'BadParameter', /'value' must be/);
  assert.equal((await ask(sibling, 'GET', '/keys/bound')).status, 404);
});

test('a name that is taken is not touched, whether the key lives or is deleted', async () => {
  await done(ask(home, 'POST', '/keys/taken/create', { kty: 'oct' }));
  const value = await backup(home, 'taken');
  await refused(await ask(home, 'POST', '/keys/restore', { value }), 409, 'Conflict', /taken exists/);
  await done(ask(home, 'DELETE', '/keys/taken'));
  await refused(await ask(home, 'POST', '/keys/restore', { value }), 409, 'Conflict', /deleted/);
  assert.equal((await ask(home, 'POST', '/keys/taken/backup')).status, 404);
  assert.equal((await ask(home, 'DELETE', '/deletedkeys/taken')).status, 204);
  const back = await done<Bundle>(ask(home, 'POST', '/keys/restore', { value }));
  assert.equal(new URL(back.key.kid).pathname.split('/')[2], 'taken');
});

test('a key with many versions goes through', async () => {
  for (let i = 0; i < 100; i++) await done(ask(home, 'POST', '/keys/many/create', { kty: 'EC', crv: 'P-521' }));
  const value = await backup(home, 'many');
  assert.ok(value.length > 128 * 1024, String(value.length));
  await done(ask(sibling, 'POST', '/keys/restore', { value }));
  const page = await done<{ value: unknown[] }>(ask(sibling, 'GET', '/keys/many/versions'));
  assert.equal(page.value.length, 25);
});

test('each half has its own right, and restoring needs it over all keys', async () => {
  await done(ask(home, 'POST', '/keys/rights/create', { kty: 'oct' }));
  const as = async (role: string, scope: string): Promise<Place> => {
    const user = randomUUID();
    await home.instance.assign(role, user, scope);
    return { ...home, token: await home.instance.issuer.token(user) };
  };
  const saver = await as('Managed HSM Backup User', '/keys/rights');
  const value = await backup(saver, 'rights');
  assert.equal((await ask(saver, 'POST', '/keys/form/backup')).status, 403);
  assert.equal((await ask(saver, 'POST', '/keys/restore', { value })).status, 403);
  const onOne = await as('Managed HSM Restore User', '/keys/rights');
  assert.equal((await ask(onOne, 'POST', '/keys/restore', { value })).status, 403);
  const restorer = await as('Managed HSM Restore User', '/keys');
  assert.equal((await ask(restorer, 'POST', '/keys/restore', { value })).status, 409);
});

test('a key that does not exist has no backup', async () => {
  assert.equal((await ask(home, 'POST', '/keys/nobody/backup')).status, 404);
});
