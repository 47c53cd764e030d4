// Roles of the management plane at its three scopes, through the whole control process; only instances are pretended.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const AUDIENCE = 'https://management.core.windows.net/';
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const HSM_CONTRIBUTOR = '18500a29-7fe2-46b2-a342-b16a415e101d';

describe('roles of the management plane', () => {
  let control: RunningControl;
  let admin: string;
  let consumer: string;
  let consumerOid: string;
  let subscription: string;
  before(async () => {
    control = await runControl();
    admin = await control.token(control.secrets.applications.admin, AUDIENCE);
    consumer = await control.token(control.secrets.applications.consumer, AUDIENCE);
    consumerOid = control.secrets.applications.consumer.oid;
    const url = 'https://management.azure.com/subscriptions?api-version=2022-12-01';
    const list = await control.call(url, { headers: { authorization: `Bearer ${admin}` } });
    subscription = (list.json.value as readonly { readonly subscriptionId: string }[])[0]?.subscriptionId ?? '';
    for (const group of ['rg', 'other']) await ask(admin, 'PUT', `/resourceGroups/${group}`, { location: 'local' });
    await made('mine');
    await made('theirs', 'other');
  });
  after(() => control[Symbol.asyncDispose]());

  const ask = (token: string, method: string, path: string, json?: unknown): Promise<Reply> =>
    control.call(
      `https://management.azure.com/subscriptions/${subscription}${path}${path.includes('?') ? '&' : '?'}api-version=2024-11-01`,
      { method, headers: { authorization: `Bearer ${token}` }, ...(json === undefined ? {} : { json }) },
    );
  const hsm = (name: string, group = 'rg'): string =>
    `/resourceGroups/${group}/providers/Microsoft.KeyVault/managedHSMs/${name}`;
  const body = () => ({
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: { initialAdminObjectIds: [randomUUID()], softDeleteRetentionInDays: 7 },
  });
  const finish = async (begun: Reply): Promise<Reply> => {
    let reply = begun;
    while (reply.status === 202) {
      const headers = { authorization: `Bearer ${admin}` };
      reply = await control.call(String(reply.headers.location), { headers });
    }
    return reply;
  };
  const made = async (name: string, group = 'rg') => finish(await ask(admin, 'PUT', hsm(name, group), body()));
  const assignments = (scope: string, id = ''): string =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${id}`;
  const give = async (scope: string, role: string, principalId = consumerOid, token = admin, id = randomUUID()) => {
    const roleDefinitionId = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    return ask(token, 'PUT', assignments(scope, id), { properties: { roleDefinitionId, principalId } });
  };
  const take = async (scope: string, given: Reply) => {
    const taken = await ask(admin, 'DELETE', assignments(scope, String(given.json.name)));
    assert.equal(taken.status, 200, taken.text);
  };
  const code = (reply: Reply): unknown => (reply.json.error as { readonly code: string }).code;
  const names = (reply: Reply): unknown[] => (reply.json.value as readonly { name: string }[]).map(({ name }) => name);
  const list = () => ask(consumer, 'GET', '/providers/Microsoft.KeyVault/managedHSMs');

  /** What the consumer may do with the HSM `mine`, as a word for each. */
  const abilities = async (): Promise<string> => {
    const may = async (word: string, reply: Promise<Reply>) => ((await reply).status === 403 ? '' : word);
    const words = [
      await may('read', ask(consumer, 'GET', hsm('mine'))),
      await may('write', ask(consumer, 'PATCH', hsm('mine'), { tags: { a: randomUUID() } })),
      await may(
        'roles',
        give(hsm('mine'), READER, consumerOid, consumer, 'not-a-guid' as ReturnType<typeof randomUUID>),
      ),
      await may('diagnostics', ask(consumer, 'GET', `${hsm('mine')}/providers/Microsoft.Insights/diagnosticSettings`)),
      await may('elsewhere', ask(consumer, 'GET', hsm('theirs', 'other'))),
      await may(
        'purge',
        ask(consumer, 'POST', '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/none/purge'),
      ),
    ];
    return words.filter((word) => word !== '').join(' ');
  };

  const expected: readonly (readonly [string, string, string, string])[] = [
    [
      OWNER,
      'read write roles diagnostics elsewhere purge',
      'read write roles diagnostics',
      'read write roles diagnostics',
    ],
    [CONTRIBUTOR, 'read write diagnostics elsewhere purge', 'read write diagnostics', 'read write diagnostics'],
    [READER, 'read diagnostics elsewhere', 'read diagnostics', 'read diagnostics'],
    [HSM_CONTRIBUTOR, 'read write elsewhere purge', 'read write', 'read write'],
  ];
  for (const [role, ...at] of expected) {
    test(`${role} may what it says, at its scope and below`, async () => {
      for (const [index, scope] of ['', '/resourceGroups/rg', hsm('mine')].entries()) {
        const given = await give(scope, role);
        assert.equal(given.status, 201, given.text);
        assert.equal(await abilities(), at[index], scope);
        assert.deepEqual(names(await list()), index === 0 ? ['mine', 'theirs'] : ['mine']);
        await take(scope, given);
        assert.equal(await abilities(), '');
        assert.equal((await list()).status, 403);
      }
    });
  }

  test('a role given to a group is one of its members', async () => {
    const { alice } = control.secrets.users;
    const login = await control.call(
      `https://login.microsoftonline.com/${control.secrets.tenantId}/oauth2/v2.0/token`,
      {
        form: {
          grant_type: 'password',
          client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
          username: alice.upn,
          password: alice.password,
          scope: `${AUDIENCE}/.default openid`,
        },
      },
    );
    const token = String(login.json.access_token);
    assert.equal((await ask(token, 'GET', hsm('mine'))).status, 403);
    const given = await give(hsm('mine'), READER, control.secrets.operatorsGroupOid);
    assert.equal((given.json.properties as { principalType: unknown }).principalType, 'Group');
    assert.equal((await ask(token, 'GET', hsm('mine'))).status, 200);
    const filter = encodeURIComponent(`atScope() and assignedTo('${alice.oid}')`);
    assert.deepEqual(names(await ask(admin, 'GET', `${assignments(hsm('mine'))}?$filter=${filter}`)), [
      given.json.name,
    ]);
    await take(hsm('mine'), given);
  });

  test('what cannot be meant is refused by name', async () => {
    const scope = hsm('mine');
    assert.equal(code(await give(scope, randomUUID())), 'RoleDefinitionDoesNotExist');
    assert.equal(code(await give(scope, READER, randomUUID())), 'PrincipalNotFound');
    assert.equal(code(await give(hsm('nowhere'), READER)), 'ResourceNotFound');
    assert.equal(code(await give('/resourceGroups/nowhere', READER)), 'ResourceGroupNotFound');
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
    const put = (properties: object) =>
      ask(admin, 'PUT', assignments(scope, randomUUID()), {
        properties: { roleDefinitionId, principalId: consumerOid, ...properties },
      });
    assert.match((await put({ condition: 'x' })).text, /conditions are not available/);
    assert.equal(code(await put({ principalType: 'User' })), 'UnmatchedPrincipalType');
    assert.equal((await ask(admin, 'GET', `${assignments(scope)}?$filter=principalId%20ne%20'x'`)).status, 400);
    assert.equal((await ask(admin, 'DELETE', assignments(scope, randomUUID()))).status, 204);
    assert.equal((await ask(admin, 'DELETE', assignments(scope, 'x'))).status, 400);
  });

  test('the same assignment again is the one there is; another one of its name or meaning is refused', async () => {
    const id = randomUUID();
    const first = await give('', READER, consumerOid, admin, id);
    assert.deepEqual((await give('', READER, consumerOid, admin, id)).json, first.json);
    assert.equal(code(await give('', OWNER, consumerOid, admin, id)), 'RoleAssignmentUpdateNotPermitted');
    assert.equal(code(await give('', READER)), 'RoleAssignmentExists');
    // Deleted at another scope than its own it is not there.
    assert.equal((await ask(admin, 'DELETE', assignments(hsm('mine'), id))).status, 204);
    await take('', first);
  });

  test('somebody can always give roles: the last owner of the subscription stays', async () => {
    const owners = (await ask(admin, 'GET', assignments(''))).json.value as readonly { name: string }[];
    const answers: number[] = [];
    for (const { name } of owners) answers.push((await ask(admin, 'DELETE', assignments('', name))).status);
    // The first one was the caller's own: from then on it may nothing.
    assert.deepEqual(answers.slice(0, 1), [200]);
    const owner = await control.token(control.secrets.applications.owner, AUDIENCE);
    const left = (await ask(owner, 'GET', assignments(''))).json.value as readonly { name: string }[];
    assert.equal(left.length, 1);
    const last = await ask(owner, 'DELETE', assignments('', left[0]?.name ?? ''));
    assert.equal(code(last), 'LastOwner');
    const back = await give('', OWNER, control.secrets.applications.admin.oid, owner);
    assert.equal(back.status, 201);
  });

  test('who asks for a connection to an HSM of others does not touch it, and takes little of its room', async () => {
    const given = await give('/resourceGroups/rg', CONTRIBUTOR);
    const theirs = hsm('theirs', 'other');
    const id = `/subscriptions/${subscription}${theirs}`;
    const link = { name: 'c', properties: { privateLinkServiceId: id, groupIds: ['managedhsm'] } };
    const path = (name: string): string => `/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/${name}`;
    const endpoint = (name: string, member = 'manualPrivateLinkServiceConnections', token = consumer) =>
      ask(token, 'PUT', path(name), {
        location: 'local',
        properties: { subnet: { id: '/subscriptions/s/subnet' }, [member]: [link] },
      });
    interface Shown {
      readonly systemData: unknown;
      readonly properties: { readonly provisioningState: string };
    }
    const look = async (): Promise<Shown> => (await ask(admin, 'GET', theirs)).json as unknown as Shown;
    const states = async (): Promise<readonly string[]> => {
      const { json } = await ask(admin, 'GET', `${theirs}/privateEndpointConnections`);
      type Connection = { readonly properties: { readonly privateLinkServiceConnectionState: { status: string } } };
      return (json.value as readonly Connection[]).map(
        (each) => each.properties.privateLinkServiceConnectionState.status,
      );
    };
    assert.equal((await endpoint('direct', 'privateLinkServiceConnections')).status, 403);
    const gate = Promise.withResolvers<void>();
    control.host.gate = () => gate.promise;
    const tags = { at: randomUUID() };
    const changing = await ask(admin, 'PATCH', theirs, { properties: { publicNetworkAccess: 'Disabled' }, tags });
    assert.ok(changing.status < 300, changing.text);
    const asked = await endpoint('a');
    assert.equal(asked.status, 201, 'it does not tell that something is being done there');
    gate.resolve();
    control.host.gate = async () => {};
    while ((await look()).properties.provisioningState === 'Updating') await new Promise(setImmediate);
    const { systemData } = await look();
    const updates = control.host.updated.length;
    for (const name of ['b', 'c', 'd']) {
      assert.equal((await endpoint(name)).status, 201);
      assert.equal((await look()).properties.provisioningState, 'Succeeded');
    }
    const tooMany = await endpoint('e');
    assert.deepEqual([tooMany.status, code(tooMany)], [409, 'QuotaExceeded']);
    assert.deepEqual(await states(), ['Pending', 'Pending', 'Pending', 'Pending']);
    // What was never decided on leaves nothing behind, however often it is asked for and taken back.
    for (let n = 0; n < 3; n++) {
      assert.equal((await ask(consumer, 'DELETE', path('d'))).status, 200);
      assert.equal((await endpoint('d')).status, 201);
    }
    assert.deepEqual((await look()).systemData, systemData, 'nobody changed it');
    assert.equal(control.host.updated.length, updates);
    const { json } = await ask(admin, 'GET', `${theirs}/privateEndpointConnections`);
    const rejected = (json.value as readonly { readonly name: string }[]).find(({ name }) => name.startsWith('a.'));
    const decision = { properties: { privateLinkServiceConnectionState: { status: 'Rejected' } } };
    const decided = await ask(admin, 'PUT', `${theirs}/privateEndpointConnections/${rejected?.name ?? ''}`, decision);
    assert.equal(decided.status, 200, decided.text);
    assert.equal((await ask(consumer, 'DELETE', path('a'))).status, 200);
    assert.deepEqual(await states(), ['Disconnected', 'Pending', 'Pending', 'Pending']);
    assert.equal((await endpoint('e')).status, 409, 'one that was rejected takes room until its owner deletes it');
    assert.equal((await endpoint('f', 'privateLinkServiceConnections', admin)).status, 201, 'others have theirs');
    await take('/resourceGroups/rg', given);
  });

  test('roles end with the group that they were given at', async () => {
    await ask(admin, 'PUT', '/resourceGroups/gone', { location: 'local' });
    await give('/resourceGroups/gone', OWNER);
    await ask(admin, 'DELETE', '/resourceGroups/gone');
    await ask(admin, 'PUT', '/resourceGroups/gone', { location: 'local' });
    assert.equal((await ask(consumer, 'GET', '/resourceGroups/gone')).status, 403);
  });

  test('roles at an HSM come back with it, and end with its purge', async () => {
    await made('short');
    const given = await give(hsm('short'), READER);
    await finish(await ask(admin, 'DELETE', hsm('short')));
    const deleted = () => ask(consumer, 'GET', '/providers/Microsoft.KeyVault/deletedManagedHSMs');
    assert.deepEqual(names(await deleted()), ['short']);
    const recover = { location: 'local', properties: { createMode: 'Recover' } };
    assert.equal((await finish(await ask(admin, 'PUT', hsm('short'), recover))).status, 200);
    assert.equal((await ask(consumer, 'GET', hsm('short'))).status, 200);
    await finish(await ask(admin, 'DELETE', hsm('short')));
    await finish(
      await ask(admin, 'POST', '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/short/purge'),
    );
    await made('short');
    assert.equal((await ask(consumer, 'GET', hsm('short'))).status, 403);
    assert.equal((await ask(admin, 'GET', assignments(hsm('short'), String(given.json.name)))).status, 404);
  });
});
