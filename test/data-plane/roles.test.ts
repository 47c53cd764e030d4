// Local roles over raw HTTPS: every spelling of the paths that clients use, statuses, shapes and filters, and that what
// the roles say holds from the next request on.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const PROVIDER = 'providers/Microsoft.Authorization';
const DEFINITION_ID = `Microsoft.KeyVault/${PROVIDER}/roleDefinitions/`;
const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const CRYPTO_AUDITOR = '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3';
const BUILT_IN = [ADMINISTRATOR, CRYPTO_USER, CRYPTO_AUDITOR];
const READ = 'Microsoft.KeyVault/managedHsm/keys/read/action';
const SIGN = 'Microsoft.KeyVault/managedHsm/keys/sign/action';

interface Named {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

let instance: RunningInstance;
let admin: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  admin = await instance.adminToken();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const token = await instance.issuer.token(user);
  for (const name of ['one', 'two']) {
    const made = await instance.ask('POST', `/keys/${name}/create?api-version=7.6`, {
      token,
      body: { kty: 'EC-HSM' },
    });
    assert.equal(made.status, 200, made.text);
  }
});
after(() => instance[Symbol.asyncDispose]());

const ask = (method: string, path: string, body?: unknown, token = admin): Promise<Reply> =>
  instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=7.4`, {
    token,
    ...(body === undefined ? {} : { body }),
  });
const assignments = (scope = ''): string => `${scope}/${PROVIDER}/roleAssignments`;
const definitions = (scope = ''): string => `${scope}/${PROVIDER}/roleDefinitions`;
const grant = (definition: string, principalId: string): object => ({
  properties: { roleDefinitionId: DEFINITION_ID + definition, principalId },
});
async function assign(definition: string, principalId: string, scope = ''): Promise<string> {
  const path = `${assignments(scope)}/${randomUUID()}`;
  const made = await ask('PUT', path, grant(definition, principalId));
  assert.equal(made.status, 201, made.text);
  return path;
}
const named = (reply: Reply): string[] => (reply.json as { value: Named[] }).value.map(({ name }) => name);
const codeOf = (reply: Reply): string => (reply.json as { error: { code: string } }).error.code;
const reads = async (token: string, key = 'one'): Promise<number> =>
  (await ask('GET', `/keys/${key}`, undefined, token)).status;

test('every spelling of a path that clients send is the same path', async () => {
  const ids = (await ask('GET', definitions())).json;
  for (const path of [
    ...[`//${PROVIDER}/roleDefinitions`, `///${PROVIDER}/roleDefinitions`, `/%2F/${PROVIDER}/roleDefinitions`],
    ...[
      `/keys/${PROVIDER}/roleDefinitions`,
      `//keys/${PROVIDER}/roleDefinitions`,
      `/keys//${PROVIDER}/roleDefinitions`,
    ],
    ...[`/keys/one/${PROVIDER}/roleDefinitions`, `/keys%2Fone/${PROVIDER}/roleDefinitions`],
    ...[`/${PROVIDER}/roleDefinitions/`, `/${PROVIDER.toLowerCase()}/roledefinitions`],
  ]) {
    const reply = await ask('GET', path);
    assert.equal(reply.status, 200, `${path}: ${reply.text}`);
    assert.deepEqual(reply.json, ids, path);
  }
});

test('built-in definitions have their ids and shape, and cannot be changed, deleted or shadowed', async () => {
  const list = await ask('GET', definitions());
  for (const id of BUILT_IN) assert.ok(named(list).includes(id));
  const { json } = await ask('GET', `${definitions()}/${CRYPTO_AUDITOR}`);
  const { properties, ...outer } = json as Named;
  assert.deepEqual(outer, {
    id: DEFINITION_ID + CRYPTO_AUDITOR,
    name: CRYPTO_AUDITOR,
    type: 'Microsoft.Authorization/roleDefinitions',
  });
  assert.equal(properties['roleName'], 'Managed HSM Crypto Auditor');
  assert.equal(properties['type'], 'AKVBuiltInRole');
  assert.deepEqual(properties['assignableScopes'], ['/']);
  const [permission] = properties['permissions'] as Record<string, string[]>[];
  assert.deepEqual(Object.keys(permission ?? {}).sort(), ['actions', 'dataActions', 'notActions', 'notDataActions']);
  assert.ok(permission?.['dataActions']?.includes(READ));
  const body = { properties: { roleName: 'mine', permissions: [{ dataActions: [READ] }] } };
  const changed = await ask('PUT', `${definitions()}/${CRYPTO_USER}`, body);
  assert.deepEqual([changed.status, codeOf(changed)], [400, 'BadParameter']);
  assert.ok([400, 403].includes((await ask('DELETE', `${definitions()}/${CRYPTO_USER}`)).status));
  assert.equal(codeOf(await ask('GET', `${definitions()}/${randomUUID()}`)), 'RoleDefinitionNotFound');
});

test('an assignment is answered with 201, shown, listed and deleted with its last shape', async () => {
  for (const [scope, shown] of [
    ['', '/'],
    ['/keys', '/keys'],
    ['/keys/one', '/keys/one'],
  ] as const) {
    const principalId = randomUUID();
    const name = randomUUID();
    const path = `${assignments(scope)}/${name}`;
    const made = await ask('PUT', path, grant(CRYPTO_AUDITOR, principalId));
    assert.equal(made.status, 201, made.text);
    const expected = {
      id: `/${PROVIDER}/roleAssignments/${name}`,
      name,
      type: 'Microsoft.Authorization/roleAssignments',
      properties: { scope: shown, roleDefinitionId: DEFINITION_ID + CRYPTO_AUDITOR, principalId },
    };
    assert.deepEqual(made.json, expected);
    assert.deepEqual((await ask('GET', path)).json, expected);
    assert.ok(named(await ask('GET', assignments(scope))).includes(name));
    const again = await ask('PUT', path, grant(CRYPTO_AUDITOR, principalId));
    assert.deepEqual([again.status, codeOf(again)], [400, 'RoleAssignmentExists'], 'the same again');
    assert.match(again.text, /"The role assignment already exists\. \(Activity ID: /);
    const other = await ask('PUT', path, grant(CRYPTO_USER, principalId));
    assert.deepEqual([other.status, codeOf(other)], [400, 'RoleAssignmentExists']);
    const twice = await ask('PUT', `${assignments(scope)}/${randomUUID()}`, grant(CRYPTO_AUDITOR, principalId));
    assert.deepEqual([twice.status, codeOf(twice)], [400, 'MatchingRoleAssignmentExists']);
    assert.match(twice.text, new RegExp(`Role assignment '${name}' already adds role 'Managed HSM Crypto Auditor' `));
    const deleted = await ask('DELETE', path);
    assert.deepEqual([deleted.status, deleted.json], [200, expected]);
    const gone = await ask('DELETE', path);
    assert.deepEqual([gone.status, codeOf(gone)], [404, 'RoleAssignmentNotFound']);
  }
});

test('a definition is named with or without a leading slash, in any case; one that is none is refused', async () => {
  for (const id of [`/${DEFINITION_ID}${CRYPTO_AUDITOR}`, `${DEFINITION_ID}${CRYPTO_AUDITOR}`.toUpperCase()]) {
    const body = { properties: { roleDefinitionId: id, principalId: randomUUID() } };
    assert.equal((await ask('PUT', `${assignments()}/${randomUUID()}`, body)).status, 201, id);
  }
  for (const body of [
    grant(randomUUID(), randomUUID()),
    grant(CRYPTO_AUDITOR, 'someone'),
    { properties: { principalId: randomUUID() } },
    { properties: [] },
    {},
  ]) {
    const reply = await ask('PUT', `${assignments()}/${randomUUID()}`, body);
    assert.ok([400, 404].includes(reply.status), reply.text);
  }
  const unnamed = await ask('PUT', `${assignments()}/not-a-guid`, grant(CRYPTO_AUDITOR, randomUUID()));
  assert.deepEqual([unnamed.status, codeOf(unnamed)], [400, 'BadParameter']);
  assert.match(unnamed.text, /Role assignment name must be a GUID/);
  const odd = { properties: { roleName: 'odd', permissions: [] } };
  const made = await ask('PUT', `${definitions()}/foo%20unique%20value`, odd);
  assert.deepEqual([made.status, codeOf(made)], [400, 'BadParameter']);
  assert.match(made.text, /Role definition name must be a GUID/);
  // Terraform's provider and others look for a role by its name, and take 404 for its absence.
  for (const name of ['does_not_exist', 'Managed%20HSM%20Crypto%20Auditor', '00000000-0000', '%20']) {
    for (const [list, code] of [
      [definitions(), 'RoleDefinitionNotFound'],
      [assignments('/keys'), 'RoleAssignmentNotFound'],
    ] as const) {
      for (const method of ['GET', 'DELETE']) {
        const reply = await ask(method, `${list}/${name}`);
        assert.deepEqual([reply.status, codeOf(reply)], [404, code], `${method} ${list}/${name}`);
      }
    }
  }
});

test('filters choose by scope and principal, and one that is not known is refused', async () => {
  const principal = randomUUID();
  const paths = await Promise.all(['', '/keys', '/keys/one'].map((scope) => assign(CRYPTO_AUDITOR, principal, scope)));
  const [root = '', keys = '', key = ''] = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
  const list = async (scope: string, filter?: string): Promise<string[]> => {
    const query = filter === undefined ? '' : `?$filter=${encodeURIComponent(filter)}`;
    const reply = await ask('GET', `${assignments(scope)}${query}`);
    assert.equal(reply.status, 200, reply.text);
    return named(reply).filter((name) => [root, keys, key].includes(name));
  };
  const same = (actual: string[], expected: string[]): void => assert.deepEqual(actual.sort(), [...expected].sort());
  same(await list(''), [root, keys, key]);
  same(await list('/keys'), [root, keys, key]);
  same(await list('', 'atScope()'), [root]);
  same(await list('', 'atScopeAndBelow()'), [root, keys, key]);
  same(await list('', `principalId eq '${principal}'`), [root, keys, key]);
  same(await list('', `principalId eq ${principal}`), [root, keys, key]);
  same(await list('', `principalId eq '${randomUUID()}'`), []);
  same(await list('/keys/one'), [root, keys, key]);
  same(await list('/keys/two'), [root, keys]);
  const unknown = await ask('GET', `${assignments()}?$filter=${encodeURIComponent("roleName eq 'x'")}`);
  assert.deepEqual([unknown.status, codeOf(unknown)], [400, 'BadParameter']);
});

test('a custom definition grants what it lists but what it takes away, until it is changed or deleted', async () => {
  const name = randomUUID();
  const path = `${definitions()}/${name}`;
  const body = (dataActions: string[], notDataActions: string[] = []): object => ({
    properties: { roleName: `custom ${name}`, description: 'd', permissions: [{ dataActions, notDataActions }] },
  });
  const made = await ask('PUT', path, body([READ, SIGN]));
  assert.equal(made.status, 201, made.text);
  assert.equal((made.json as Named).properties['type'], 'CustomRole');
  const principal = randomUUID();
  await assign(name, principal);
  const token = await instance.issuer.token(principal);
  assert.equal(await reads(token), 200);
  const digest = Buffer.alloc(32).toString('base64url');
  const signs = async (): Promise<number> =>
    (await ask('POST', '/keys/one/sign', { alg: 'ES256', value: digest }, token)).status;
  assert.equal(await signs(), 200);
  assert.equal((await ask('PUT', path, body([READ, SIGN], [SIGN]))).status, 201);
  assert.deepEqual([await reads(token), await signs()], [200, 403]);
  const nonsense = await ask('PUT', `${definitions()}/${randomUUID()}`, {
    properties: { roleName: 'x', permissions: 1 },
  });
  assert.deepEqual([nonsense.status, codeOf(nonsense)], [400, 'BadParameter']);
  const deleted = await ask('DELETE', path);
  assert.deepEqual([deleted.status, (deleted.json as Named).name], [200, name]);
  assert.equal(await reads(token), 403);
});

test('an assignment holds at its scope and below, and nowhere else', async () => {
  const [onOne, onKeys] = [randomUUID(), randomUUID()];
  await assign(CRYPTO_USER, onOne, '/keys/one');
  await assign(CRYPTO_USER, onKeys, '/keys');
  const [one, keys] = await Promise.all([onOne, onKeys].map((oid) => instance.issuer.token(oid)));
  assert.deepEqual([await reads(one ?? ''), await reads(one ?? '', 'two')], [200, 403]);
  assert.deepEqual([await reads(keys ?? ''), await reads(keys ?? '', 'two')], [200, 200]);
  const lists = (token = ''): Promise<Reply> => ask('GET', '/keys', undefined, token);
  assert.equal((await lists(one)).status, 403);
  assert.equal((await lists(keys)).status, 200);
  const creates = (token = ''): Promise<Reply> => ask('POST', '/keys/one/create', { kty: 'EC' }, token);
  assert.equal((await creates(one)).status, 403, 'a role on one key makes no keys');
  assert.equal((await creates(keys)).status, 200);
  // Neither does it reach assignments elsewhere through the path of its own scope.
  assert.equal((await ask('PUT', `${assignments()}/${randomUUID()}`, grant(CRYPTO_USER, onOne), one)).status, 403);
});

test('a group of the token counts as its bearer does', async () => {
  const group = randomUUID();
  const member = randomUUID();
  const inGroup = await instance.issuer.token(member, { groups: [randomUUID(), group] });
  assert.equal(await reads(inGroup), 403);
  const path = await assign(CRYPTO_USER, group);
  assert.equal(await reads(inGroup), 200);
  assert.equal(await reads(await instance.issuer.token(member)), 403, 'without the group');
  assert.equal((await ask('DELETE', path)).status, 200);
  assert.equal(await reads(inGroup), 403);
});

test('a revocation holds from the next request on, on connections and for tokens that were in use', async () => {
  const principal = randomUUID();
  const token = await instance.issuer.token(principal);
  for (let turn = 0; turn < 5; turn++) {
    const path = await assign(CRYPTO_USER, principal);
    assert.deepEqual(await Promise.all([reads(token), reads(token), reads(token)]), [200, 200, 200]);
    assert.equal((await ask('DELETE', path)).status, 200);
    assert.deepEqual(await Promise.all([reads(token), reads(token), reads(token)]), [403, 403, 403]);
  }
});

test('the last administrator stays, also when two requests would each remove one of two', async () => {
  const mine = (
    await ask('GET', `${assignments()}?$filter=${encodeURIComponent(`principalId eq '${instance.administrator}'`)}`)
  ).json as { value: Named[] };
  const own = mine.value.find(({ properties }) => String(properties['roleDefinitionId']).endsWith(ADMINISTRATOR));
  const path = `${assignments()}/${own?.name}`;
  const last = await ask('DELETE', path);
  assert.deepEqual([last.status, codeOf(last)], [409, 'Conflict']);
  const second = randomUUID();
  const other = await assign(ADMINISTRATOR, second);
  const replies = await Promise.all([ask('DELETE', path), ask('DELETE', other)]);
  const statuses = replies.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
  // The one who is left can still do everything.
  const survivor = statuses[0] === 200 ? await instance.issuer.token(second) : admin;
  const list = await ask('GET', assignments(), undefined, survivor);
  assert.equal(list.status, 200, list.text);
});
