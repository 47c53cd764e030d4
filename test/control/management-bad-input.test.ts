// What clients of the resource manager get wrong, or do on purpose: each has a clear answer and changes nothing.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const AUDIENCE = 'https://management.core.windows.net/';
const DAY = 86_400_000;

describe('the resource manager', () => {
  let control: RunningControl;
  let admin: string;
  let subscription: string;
  before(async () => {
    control = await runControl();
    admin = await control.token(control.secrets.applications.admin, AUDIENCE);
    const reply = await call('GET', 'https://management.azure.com/subscriptions');
    subscription = (reply.json.value as readonly { readonly subscriptionId: string }[])[0]?.subscriptionId ?? '';
    await call('PUT', '/resourceGroups/rg', { location: 'local' });
    await make('here');
  });
  after(() => control[Symbol.asyncDispose]());

  const call = (
    method: string,
    path: string,
    json?: unknown,
    headers: Readonly<Record<string, string>> = {},
    token = admin,
  ) => {
    const url = path.startsWith('https:') ? path : `https://management.azure.com/subscriptions/${subscription}${path}`;
    const whole = url.includes('api-version') ? url : `${url}${url.includes('?') ? '&' : '?'}api-version=2024-11-01`;
    const authorization = `Bearer ${token}`;
    if (typeof json === 'string') headers = { 'content-type': 'application/json', ...headers };
    return control.call(whole, {
      method,
      headers: { authorization, ...headers },
      ...(json === undefined ? {} : typeof json === 'string' ? { body: json } : { json }),
    });
  };
  const provider = '/providers/Microsoft.KeyVault';
  const hsm = (name: string, group = 'rg'): string => `/resourceGroups/${group}${provider}/managedHSMs/${name}`;
  const body = (properties: object = {}) => ({
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: {
      initialAdminObjectIds: [control.secrets.applications.admin.oid],
      softDeleteRetentionInDays: 7,
      ...properties,
    },
  });
  const finish = async (begun: Reply): Promise<Reply> => {
    let reply = begun;
    while (reply.status === 202) reply = await call('GET', String(reply.headers.location));
    return reply;
  };
  const settled = async (begun: Reply): Promise<Reply> => {
    if (begun.status === 202) return finish(begun);
    assert.equal(begun.status, 200, begun.text);
    const url = String(begun.headers['azure-asyncoperation']);
    let reply = await call('GET', url);
    while (reply.json.status === 'InProgress') reply = await call('GET', url);
    return reply;
  };
  const make = async (name: string) => finish(await call('PUT', hsm(name), body()));
  const code = (reply: Reply): unknown => (reply.json.error as { readonly code: string }).code;

  test('finds resources whatever the case of their path, and shows them as they are called', async () => {
    const reply = await call('GET', `/RESOURCEGROUPS/RG/PROVIDERS/microsoft.keyvault/MANAGEDHSMS/HERE`);
    assert.equal(reply.json.name, 'here');
    assert.match(String(reply.json.id), /resourceGroups\/rg\/providers\/Microsoft\.KeyVault\/managedHSMs\/here$/);
    const patched = await call('PATCH', hsm('HERE'), { properties: { publicNetworkAccess: 'enabled' } });
    assert.equal(patched.status, 200, patched.text);
  });

  test('is led by no trick in a path to another resource', async () => {
    for (const path of [
      '/resourceGroups/rg%2Fproviders%2FMicrosoft.KeyVault%2FmanagedHSMs%2Fhere',
      hsm('here%2F..%2Fhere'),
      hsm('..%2Fhere'),
      hsm('here%00'),
      hsm('here%20'),
      '/resourceGroups/%2E%2E/providers/Microsoft.KeyVault/managedHSMs/here',
      `${hsm('here')}/keys/..%2F..%2Fkeys%2Fx`,
      `${hsm('here')}/keys/a%3Fapi-version=1`,
      `${hsm('here')}/privateEndpointConnections/..%2Fx`,
    ]) {
      const { status } = await call('GET', path);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    }
  });

  test('names the member whose value is wrong, wherever it stands', async () => {
    for (const [json, message] of [
      [{ properties: { networkAcls: { ipRules: [{ values: '1.2.3.4' }] } } }, /ipRules\[0\]\.value is missing/],
      [{ properties: { networkAcls: { ipRules: '1.2.3.4' } } }, /ipRules must be a list/],
      [{ properties: { networkAcls: { serviceTags: ['x'] } } }, /serviceTags: there are no service tags here/],
      [{ properties: { softDeleteRetentionInDays: 'seven' } }, /softDeleteRetentionInDays must be an integer/],
      [{ properties: { enablePurgeProtection: 'yes' } }, /enablePurgeProtection must be true or false/],
      [{ properties: { enableSoftDelete: 'false' } }, /soft delete cannot be turned off/],
      [{ tags: { a: 1 } }, /body\.tags\.a must be a string/],
      ['{"tags":{},"properties":{},"tags":{}}', /has the member 'tags' twice/],
      ['{"properties":{"networkAcls":{"defaultAction":"Deny","DefaultAction":"Allow"}}}', /"defaultAction" twice/],
      ['[]', /must be a JSON object/],
    ] as const) {
      const reply = await call('PATCH', hsm('here'), json);
      assert.equal(reply.status, 400, reply.text);
      assert.match(reply.text.replaceAll('\\"', '"'), message);
    }
  });

  test('takes the forms in which released clients write what they mean, and passes over what it does not know', async () => {
    const created = body({
      softDeleteRetentionInDays: '7',
      enableSoftDelete: 'true',
      enablePurgeProtection: '',
      networkAcls: { bypass: 'azureservices', defaultAction: 'deny', IPRules: [{ value: '10.0.0.0/8', x: 1 }] },
      regions: [],
      comingSoon: { really: true },
    });
    const made = await finish(await call('PUT', hsm('forms'), { ...created, identity: null, constructor: 1 }));
    assert.equal(made.status, 200, made.text);
    const shown = made.json.properties as Record<string, unknown> & { networkAcls: Record<string, unknown> };
    assert.equal(shown['softDeleteRetentionInDays'], 7);
    assert.equal(shown.networkAcls['defaultAction'], 'Deny');
    assert.deepEqual(shown.networkAcls['ipRules'], [{ value: '10.0.0.0/8' }]);
    // An empty list of rules is a list of rules.
    const opened = await call('PATCH', hsm('forms'), { properties: { networkAcls: { ipRules: [] } } });
    const { networkAcls } = (await settled(opened).then(() => call('GET', hsm('forms')))).json
      .properties as typeof shown;
    assert.deepEqual([networkAcls['defaultAction'], networkAcls['ipRules']], ['Deny', []]);
    await finish(await call('DELETE', hsm('forms')));
  });

  test('lets a poll URL say the same again, and tells nobody else', async () => {
    const begun = await call('PUT', hsm('polled'), body());
    const url = String(begun.headers.location);
    const first = await finish(begun);
    assert.equal(first.json.name, 'polled');
    assert.deepEqual((await call('GET', url)).json, first.json);
    const consumer = await control.token(control.secrets.applications.consumer, AUDIENCE);
    assert.equal((await call('GET', url, undefined, {}, consumer)).status, 403);
    assert.equal((await control.call(url, {})).status, 401);
    for (const [from, to] of [
      ['/locations/local/', '/locations/westus/'],
      [subscription, randomUUID()],
      [/[0-9a-f-]{36}\?/, `${randomUUID()}?`],
      [/[0-9a-f-]{36}\?/, 'x?'],
    ] as const) {
      assert.equal((await call('GET', url.replace(from, to))).status, 404, String(to));
    }
    assert.equal((await call('POST', url, {})).status, 405);
    await finish(await call('DELETE', hsm('polled')));
    assert.equal(code(await call('GET', url)), 'ResourceNotFound');
  });

  test('does one thing at a time to an HSM, whoever asks at once', async () => {
    await make('busy');
    const { promise, resolve } = Promise.withResolvers<void>();
    control.host.gate = () => promise;
    const changes = await Promise.all(
      ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16'].map((value) =>
        call('PUT', hsm('busy'), body({ networkAcls: { defaultAction: 'Deny', ipRules: [{ value }] } })),
      ),
    );
    assert.deepEqual(
      changes.map(({ status }) => status).sort((a, b) => a - b),
      [202, 409, 409],
    );
    assert.equal((await call('DELETE', hsm('busy'))).status, 409);
    control.host.gate = async () => {};
    resolve();
    const won = changes.find(({ status }) => status === 202);
    assert.ok(won !== undefined);
    assert.equal((await finish(won)).status, 200);
    const [, update] = control.host.updated.at(-1) ?? [];
    const shown = (await call('GET', hsm('busy'))).json.properties as { networkAcls: { ipRules: { value: string }[] } };
    assert.deepEqual(
      update?.network?.networkAcls.ipRules,
      shown.networkAcls.ipRules.map(({ value }) => value),
    );
    const deletions = await Promise.all(Array.from({ length: 3 }, () => call('DELETE', hsm('busy'))));
    const urls = new Set(deletions.filter(({ status }) => status === 202).map(({ headers }) => headers.location));
    assert.equal(urls.size, 1);
    for (const each of deletions) await finish(each);
  });

  test('changes nothing that was decided on an older state', async () => {
    const read = await call('GET', hsm('here'));
    const match = { 'if-match': String(read.headers.etag) };
    assert.equal((await call('PATCH', hsm('here'), { tags: { a: '1' } }, match)).status, 200);
    const late = await call('PATCH', hsm('here'), { tags: { a: '2' } }, match);
    assert.equal(late.status, 412);
    assert.equal(code(late), 'PreconditionFailed');
    assert.equal((await call('DELETE', hsm('here'), undefined, match)).status, 412);
    assert.equal((await call('PUT', hsm('here'), body(), { 'if-none-match': '*' })).status, 412);
    assert.equal((await call('PUT', hsm('absent'), body(), { 'if-match': '*' })).status, 412);
    assert.deepEqual((await call('GET', hsm('here'))).json.tags, { a: '1' });
  });

  test('recovers nothing that is not deleted, elsewhere or otherwise than it was', async () => {
    const recover = { location: 'local', properties: { createMode: 'Recover' } };
    assert.equal(code(await call('PUT', hsm('never'), recover)), 'DeletedHsmNotFound');
    await make('gone');
    assert.equal((await call('PUT', hsm('gone'), recover)).status, 409);
    await finish(await call('DELETE', hsm('gone')));
    await call('PUT', '/resourceGroups/rg2', { location: 'local' });
    assert.equal(code(await call('PUT', hsm('gone', 'rg2'), recover)), 'DeletedHsmNotFound');
    const other = { ...recover, properties: { ...recover.properties, softDeleteRetentionInDays: 90 } };
    assert.equal((await call('PUT', hsm('gone'), other)).status, 400);
    assert.equal(code(await call('PUT', hsm('gone', 'rg2'), body())), 'ConflictError');
    const wrong = `${provider}/locations/westus/deletedManagedHSMs/gone/purge`;
    assert.equal((await call('POST', wrong)).status, 404);
  });

  test('purges by itself what has been deleted long enough, and takes up what a restart cut off', async () => {
    await make('expiring');
    await finish(await call('DELETE', hsm('expiring')));
    control.advance(7 * DAY + 1000);
    await control.restart();
    admin = await control.token(control.secrets.applications.admin, AUDIENCE);
    const one = `${provider}/locations/local/deletedManagedHSMs/expiring`;
    while ((await call('GET', one)).status === 200) await new Promise(setImmediate);
    assert.ok(control.host.purged.includes('expiring'));
  });

  test('pages through lists', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await make(name);
    const names: string[] = [];
    let url: string | undefined = `${provider}/managedHSMs?$top=1`;
    while (url !== undefined) {
      const page: Reply = await call('GET', url);
      const { value, nextLink } = page.json as { value: { name: string }[]; nextLink?: string };
      assert.ok(value.length <= 1);
      names.push(...value.map(({ name }) => name));
      url = nextLink;
    }
    for (const name of ['page-a', 'page-b', 'page-c']) assert.equal(names.filter((each) => each === name).length, 1);
    for (const top of ['0', '-1', 'x', '1001'])
      assert.equal((await call('GET', `${provider}/managedHSMs?$top=${top}`)).status, 400);
  });

  test('keeps no diagnostic setting that names what the configuration does not list, and says what it lists', async () => {
    const list = `${hsm('here')}/providers/Microsoft.Insights/diagnosticSettings`;
    const properties = { workspaceId: '/subscriptions/x/workspace', logs: [{ category: 'AuditEvent', enabled: true }] };
    const refused = await call('PUT', `${list}/audit`, { properties });
    assert.deepEqual([refused.status, code(refused)], [400, 'BadRequest'], refused.text);
    assert.match(
      refused.text,
      /workspaceId: no sink.*'\/subscriptions\/x\/workspace'.*lists none.*'resourceId' to 'sinks'/,
    );
    assert.equal((await call('PUT', `${list.replace('here', 'nowhere')}/audit`, { properties })).status, 404);
    assert.deepEqual((await call('GET', list)).json, { value: [] });
    assert.equal(code(await call('GET', `${list}/audit`)), 'ResourceNotFound');
    assert.equal(code(await call('GET', `${list}Categories/Other`)), 'ResourceNotFound');
    assert.equal((await call('DELETE', `${list}/audit`)).status, 204);
  });

  test('decides on private endpoint connections with their state in view', async () => {
    await make('linked');
    const id = `/subscriptions/${subscription}${hsm('linked')}`;
    const link = { name: 'c', properties: { privateLinkServiceId: id, groupIds: ['managedhsm'] } };
    const endpoint = (name: string, properties: object) =>
      call('PUT', `/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/${name}`, {
        location: 'local',
        properties: { subnet: { id: '/subscriptions/s/subnet' }, ipVersionType: 'IPv4', ...properties },
      });
    assert.match((await endpoint('a', {})).text, /exactly one connection/);
    const vault = { ...link, properties: { ...link.properties, groupIds: ['vault'] } };
    assert.match((await endpoint('a', { privateLinkServiceConnections: [vault] })).text, /'managedhsm'/);
    const nowhere = { ...link, properties: { ...link.properties, privateLinkServiceId: '/x' } };
    assert.equal(code(await endpoint('a', { privateLinkServiceConnections: [nowhere] })), 'InvalidResourceReference');
    const asked = await endpoint('a', { manualPrivateLinkServiceConnections: [link] });
    assert.equal(asked.status, 201);
    assert.equal(asked.headers['azure-asyncoperation'], undefined, 'it is done');
    assert.equal((asked.json.properties as { provisioningState: string }).provisioningState, 'Succeeded');
    const list = `${hsm('linked')}/privateEndpointConnections`;
    interface Connection {
      readonly name: string;
      readonly etag: string;
      readonly properties: { readonly provisioningState: string };
    }
    const state = async () => ((await call('GET', list)).json.value as readonly Connection[])[0];
    const connection = await state();
    const put = (status: string, etag?: string) =>
      call('PUT', `${list}/${connection?.name ?? ''}`, {
        ...(etag === undefined ? {} : { etag }),
        properties: { privateLinkServiceConnectionState: { status, description: null } },
      });
    assert.equal((await settled(await put('Approved', connection?.etag))).json.status, 'Succeeded');
    assert.equal((await put('Rejected', connection?.etag)).status, 412);
    assert.equal((await put('Pending')).status, 400);
    assert.equal((await put('Sometimes')).status, 400);
    assert.deepEqual(control.host.updated.at(-1)?.[1].network?.privateEndpointConnections, [
      { name: connection?.name, status: 'Approved' },
    ]);
    assert.equal(
      (await call('PUT', `${list}/none`, { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } }))
        .status,
      404,
    );
    assert.equal((await call('DELETE', `${list}/none`)).status, 204);
    // SDKs do not poll a decision: it is answered when the instance goes by it, and not with 409 whatever comes next.
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    control.host.gate = () => {
      reached.resolve();
      return gate.promise;
    };
    const deciding = put('Rejected');
    await reached.promise;
    assert.equal((await state())?.properties.provisioningState, 'Updating');
    control.host.gate = async () => {};
    gate.resolve();
    assert.equal(((await deciding).json as unknown as Connection).properties.provisioningState, 'Succeeded');
    control.host.gate = () => Promise.reject(new Error('the disk is full'));
    const failed = await put('Approved');
    assert.deepEqual([failed.status, code(failed)], [409, 'OperationFailed']);
    control.host.gate = async () => {};
    assert.equal((await put('Rejected')).status, 200);
    assert.equal((await finish(await call('DELETE', `${list}/${connection?.name ?? ''}`))).status, 200);
  });

  test('has no key to show of an HSM that does not serve', async () => {
    const reply = await call('GET', `${hsm('here')}/keys/k`);
    assert.equal(reply.status, 503);
    assert.equal((await call('GET', `${hsm('here')}/keys/k/versions/x`)).status, 400);
    assert.equal((await call('GET', `${hsm('nowhere')}/keys/k`)).status, 404);
  });
});
