// What the management plane puts on record: each act with who, from where, on what, before and after, and each refusal of one; and
// that nothing changes, or is answered, without its entry. The log is one in memory here; that it is kept as any other is elsewhere.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AuditEntry } from '../../src/links/recorder/audit-log.ts';
import { type ManagementCaller, managementCaller } from '../support/management-caller.ts';
import { type RunningControl, runControl } from '../support/running-control.ts';

const PROVIDER = '/resourceGroups/rg/providers/Microsoft.KeyVault';
const HSM = `${PROVIDER}/managedHSMs/fin`;
const HSMS = 'Microsoft.KeyVault/managedHSMs';
const DAY = 86_400_000;
const SECRET = 'vertraulich-7f3a';

describe('the management plane', () => {
  let control: RunningControl;
  let admin: ManagementCaller;
  let consumer: ManagementCaller;
  before(async () => {
    control = await runControl();
    await signIn();
    await admin.ask('PUT', '/resourceGroups/rg', { location: 'local' });
  });
  after(() => control[Symbol.asyncDispose]());

  /** Tokens end when the clock moves. */
  const signIn = async (): Promise<void> => {
    admin = await managementCaller(control);
    const other = await managementCaller(control, control.secrets.applications.consumer);
    // Who has no role sees no subscription.
    const below = `https://management.azure.com/subscriptions/${admin.subscription}`;
    consumer = { ...other, ask: (method, path, ...rest) => other.ask(method, `${below}${path}`, ...rest) };
  };
  /** What `work` adds to the log. */
  const added = async (work: () => Promise<unknown>): Promise<readonly AuditEntry[]> => {
    const before = control.audit.entries.length;
    await work();
    return control.audit.entries.slice(before);
  };
  const done = async (method: string, path: string, body?: unknown) =>
    admin.finish(await admin.ask(method, path, body));
  const words = (entries: readonly AuditEntry[]) =>
    entries.map(({ operationName, resultSignature, PoolName }) => `${operationName} ${resultSignature} ${PoolName}`);
  const changed = ({ properties }: AuditEntry, name: string): readonly unknown[] => {
    const { changes } = (properties['detail'] ?? {}) as { readonly changes?: Readonly<Record<string, Change>> };
    return [changes?.[name]?.before, changes?.[name]?.after];
  };
  /** By their names: their values may be anything. */
  const tagsIn = ({ properties }: AuditEntry): unknown =>
    (properties['detail'] as { readonly changes: Readonly<Record<string, unknown>> }).changes['tags'];
  const claims = ({ identity }: AuditEntry): string => identity;

  test('has the whole life of an HSM on record: made, changed, deleted, recovered, deleted, purged', async () => {
    const made = await added(() => admin.make(HSM, { tags: { team: 'a' } }));
    assert.deepEqual(words(made), [`${HSMS}/write Accepted fin`, `${HSMS}/write Succeeded fin`]);
    const [begun, ended] = made as [AuditEntry, AuditEntry];
    assert.equal(begun.scope, `/subscriptions/${admin.subscription}${HSM}`);
    assert.equal(begun.resourceId, begun.scope?.toUpperCase());
    assert.equal(begun.callerIpAddress, '127.0.0.1');
    assert.equal(begun.operationVersion, '2024-11-01');
    assert.deepEqual([begun.category, begun.decision, begun.httpStatusCode], ['Administrative', 'allow', 202]);
    assert.ok(claims(begun).includes(control.secrets.applications.admin.oid), 'who');
    assert.equal(begun.correlationId, ended.correlationId);
    assert.equal(begun.properties['operationId'], ended.properties['operationId']);
    assert.deepEqual(tagsIn(begun), { added: ['team'], removed: [], changed: [] });
    assert.deepEqual(changed(begun, 'initialAdministrators'), [null, [control.secrets.applications.admin.oid]]);
    assert.deepEqual(changed(ended, 'state'), ['Provisioning', 'Succeeded']);

    const [tagged, ...more] = await added(() => done('PATCH', HSM, { tags: { team: SECRET } }));
    assert.deepEqual(more, []);
    assert.deepEqual(tagsIn(tagged as AuditEntry), { added: [], removed: [], changed: ['team'] });

    const [opened] = await added(() =>
      done('PATCH', HSM, {
        properties: { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '10.0.0.0/8' }] } },
      }),
    );
    assert.deepEqual(changed(opened as AuditEntry, 'defaultAction'), ['Allow', 'Deny']);
    assert.deepEqual(changed(opened as AuditEntry, 'ipRules'), [[], ['10.0.0.0/8']]);
    const [protectedNow] = await added(() => done('PATCH', HSM, { properties: { enablePurgeProtection: true } }));
    assert.deepEqual(changed(protectedNow as AuditEntry, 'purgeProtection'), [false, true]);

    const gone = await added(() => done('DELETE', HSM));
    assert.deepEqual(words(gone), [`${HSMS}/delete Accepted fin`, `${HSMS}/delete Succeeded fin`]);
    assert.deepEqual(changed(gone[1] as AuditEntry, 'state'), ['Deleting', 'Deleted']);

    const one = '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/fin';
    const tried = await added(() => admin.ask('POST', `${one}/purge`));
    assert.deepEqual(words(tried), ['Microsoft.KeyVault/locations/deletedManagedHsms/purge/action Forbidden ']);
    assert.match(String(tried[0]?.resultDescription), /purge protection/);

    const back = await added(() => done('PUT', HSM, { location: 'local', properties: { createMode: 'recover' } }));
    assert.deepEqual(changed(back[0] as AuditEntry, 'state'), ['Deleted', 'Recovering']);

    await done('DELETE', HSM);
    const purged = await added(async () => {
      control.advance(91 * DAY);
      await control.restart();
      await signIn();
      while ((await admin.ask('GET', one)).status === 200);
    });
    const itself = purged.filter(({ operationName }) => operationName.endsWith('/purge/action'));
    assert.deepEqual(
      itself.map((entry) => [entry.resultSignature, claims(entry), entry.callerIpAddress]),
      [
        ['Accepted', '{"claim":{}}', ''],
        ['Succeeded', '{"claim":{}}', ''],
      ],
      'at the end of the retention, by itself',
    );
    assert.deepEqual(changed(itself[1] as AuditEntry, 'state'), ['Purging', null]);
    const start = purged.find(({ operationName }) => operationName === 'Strongroom/managementPlane/start/action');
    assert.ok(start !== undefined, 'a start is on record, with a digest of what it found');
  });

  test('names role, principal and scope of a role that is given or taken', async () => {
    const id = randomUUID();
    const path = `/providers/Microsoft.Authorization/roleAssignments/${id}`;
    const role = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
    const { oid } = control.secrets.applications.consumer;
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    const body = { properties: { roleDefinitionId, principalId: oid } };
    const given = await added(() => admin.ask('PUT', path, body));
    assert.deepEqual(words(given), ['Microsoft.Authorization/roleAssignments/write Accepted ']);
    assert.deepEqual(given[0]?.properties['detail'], {
      assignment: id,
      ...{ roleName: 'Contributor', roleDefinitionId: role, principalId: oid, principalType: 'ServicePrincipal' },
      scope: `/subscriptions/${admin.subscription}`,
    });
    const again = await added(() => admin.ask('PUT', path, body));
    assert.deepEqual(
      words(again),
      ['Microsoft.Authorization/roleAssignments/write OK '],
      'nothing changed, but it was asked',
    );
    assert.equal(again[0]?.httpStatusCode, 201);
    const taken = await added(() => admin.ask('DELETE', path));
    assert.deepEqual(words(taken), ['Microsoft.Authorization/roleAssignments/delete Accepted ']);
    assert.equal((taken[0]?.properties['detail'] as { principalId: string }).principalId, oid);
  });

  test('has private endpoints, decisions on their connections, trials of network rules and whole groups on record', async () => {
    await admin.make(`${PROVIDER}/managedHSMs/net`);
    const id = `/subscriptions/${admin.subscription}${PROVIDER}/managedHSMs/net`;
    const endpoint = '/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/pe';
    const asked = await added(() =>
      admin.ask('PUT', endpoint, {
        location: 'local',
        properties: {
          subnet: { id: '/subscriptions/s/subnet' },
          manualPrivateLinkServiceConnections: [
            { name: 'c', properties: { privateLinkServiceId: id, groupIds: ['managedhsm'] } },
          ],
        },
      }),
    );
    assert.deepEqual(words(asked), [
      `${HSMS}/write Accepted net`,
      'Microsoft.Network/privateEndpoints/write Accepted net',
    ]);
    const list = (await admin.ask('GET', `${id.slice(id.indexOf('/resourceGroups'))}/privateEndpointConnections`)).json;
    const [connection] = list.value as readonly { readonly name: string }[];
    const one = `${PROVIDER}/managedHSMs/net/privateEndpointConnections/${connection?.name ?? ''}`;
    const state = { status: 'Approved', description: 'yes' };
    const approved = await added(() => done('PUT', one, { properties: { privateLinkServiceConnectionState: state } }));
    assert.equal(words(approved)[0], `${HSMS}/privateEndpointConnections/write Accepted net`);
    assert.deepEqual(
      changed(approved[0] as AuditEntry, 'connections').map((each) => (each as { status: string }[])[0]?.status),
      ['Pending', 'Approved'],
    );

    const rules = { publicNetworkAccess: 'Disabled' };
    const trial = `${PROVIDER}/managedHSMs/net/networkTrial`;
    const begun = await added(() => done('PUT', trial, { rules, confirmWithinSeconds: 60 }));
    assert.equal(words(begun)[0], `${HSMS}/write Accepted net`);
    assert.deepEqual(changed(begun[0] as AuditEntry, 'publicNetworkAccess'), ['Enabled', 'Disabled']);
    const reverted = await added(async () => {
      control.advance(61_000);
      await control.restart();
      await signIn();
      const running = async () => (await admin.ask('GET', trial)).status;
      while ((await running()) === 200);
    });
    const back = reverted.find((entry) => changed(entry, 'publicNetworkAccess')[1] === 'Enabled');
    assert.equal(back === undefined ? undefined : claims(back), '{"claim":{}}', 'at its deadline, by itself');

    await admin.finish(await admin.ask('PUT', trial.replace('/networkTrial', ''), { location: 'local' }));
    const whole = await added(async () => {
      await admin.ask('DELETE', '/resourceGroups/rg');
      await admin.ask('PUT', '/resourceGroups/rg', { location: 'local' });
    });
    for (const word of [
      `${HSMS}/delete Accepted net`,
      'Microsoft.Resources/subscriptions/resourceGroups/delete Accepted ',
      'Microsoft.Network/privateEndpoints/delete Accepted net',
    ]) {
      assert.ok(words(whole).includes(word), `${word}: ${words(whole).join()}`);
    }
  });

  test('says who was refused what, and what they asked for; reads are left out', async () => {
    const body = { properties: { principalId: randomUUID() } };
    const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const [denied, ...more] = await added(() => consumer.ask('PUT', path, body));
    assert.deepEqual(more, []);
    assert.deepEqual(
      [denied?.resultType, denied?.resultSignature, denied?.httpStatusCode, denied?.decision],
      ['Failed', 'AuthorizationFailed', 403, 'deny'],
    );
    assert.ok(denied?.identity.includes(control.secrets.applications.consumer.oid));
    assert.equal(denied?.properties['asked'], JSON.stringify(body));
    const [rich] = await added(() =>
      consumer.ask('PUT', HSM, {
        location: 'local',
        Tags: { team: SECRET },
        password: SECRET,
        sku: { family: 'B', name: { key: SECRET } },
        properties: { tenantId: body.properties.principalId, clientSecret: SECRET, networkAcls: { token: SECRET } },
      }),
    );
    assert.deepEqual(JSON.parse(String(rich?.properties['asked'])), {
      location: 'local',
      tags: ['team'],
      sku: { family: 'B' },
      properties: { tenantId: body.properties.principalId, networkAcls: {} },
    });
    const wrong = await added(() => admin.ask('PUT', `${PROVIDER}/managedHSMs/no--name`, { location: 'local' }));
    assert.deepEqual([wrong.length, wrong[0]?.httpStatusCode, wrong[0]?.decision], [1, 400, 'allow']);
    const looks = await added(async () => {
      await consumer.ask('GET', HSM);
      await admin.ask('GET', `${PROVIDER}/managedHSMs`);
      await admin.ask('POST', '/providers/Microsoft.KeyVault/checkMhsmNameAvailability', { name: 'x', type: HSMS });
    });
    assert.deepEqual(looks, []);
  });

  test('has the values of tags in no entry, of groups and private endpoints neither', async () => {
    const tags = { team: SECRET };
    const made = await added(async () => {
      await admin.ask('PUT', '/resourceGroups/tagged', { location: 'local', tags });
      await admin.ask('PATCH', '/resourceGroups/tagged', { tags: {} });
    });
    assert.deepEqual(made.map(tagsIn), [
      { added: ['team'], removed: [], changed: [] },
      { added: [], removed: ['team'], changed: [] },
    ]);
    await admin.make(`${PROVIDER}/managedHSMs/labelled`, { tags });
    const privateLinkServiceId = `/subscriptions/${admin.subscription}${PROVIDER}/managedHSMs/labelled`;
    const link = { name: 'c', properties: { privateLinkServiceId, groupIds: ['managedhsm'] } };
    const endpoint = '/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/labelled';
    const properties = { subnet: { id: '/subscriptions/s/subnet' }, manualPrivateLinkServiceConnections: [link] };
    const linked = await added(() => admin.ask('PUT', endpoint, { location: 'local', tags, properties }));
    assert.deepEqual(tagsIn(linked[1] as AuditEntry), { added: ['team'], removed: [], changed: [] });
    await done('DELETE', `${PROVIDER}/managedHSMs/labelled`);
    assert.doesNotMatch(JSON.stringify(control.audit.entries), new RegExp(SECRET));
  });

  test('does nothing, and answers no change, while its log cannot be written', async () => {
    await admin.make(`${PROVIDER}/managedHSMs/held`);
    const file = () => readFileSync(join(control.folder, 'resources.json'), 'utf8');
    const before = file();
    control.audit.fails = true;
    try {
      for (const [method, path, body] of [
        ['PATCH', `${PROVIDER}/managedHSMs/held`, { tags: { a: 'b' } }],
        ['DELETE', `${PROVIDER}/managedHSMs/held`, undefined],
        ['DELETE', `${PROVIDER}/managedHSMs/none`, undefined],
        ['PUT', '/resourceGroups/other', { location: 'local' }],
      ] as const) {
        const reply = await admin.ask(method, path, body);
        assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '5'], reply.text);
        assert.match(reply.text, /log cannot be written/);
      }
      assert.equal((await consumer.ask('DELETE', HSM)).status, 503, 'nor a refusal');
      assert.equal((await admin.ask('GET', `${PROVIDER}/managedHSMs/held`)).status, 200, 'reads go on');
    } finally {
      control.audit.fails = false;
    }
    assert.equal(file(), before);
    assert.deepEqual(
      control.host.stopped.filter((name) => name === 'held'),
      [],
    );
    assert.equal((await admin.ask('PATCH', `${PROVIDER}/managedHSMs/held`, { tags: { a: 'b' } })).status, 200);
  });

  test('has an entry for members of any length: what says who gets in is whole, the rest is cut', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => [`/${index}/${'€'.repeat(1_000)}`, {}]);
    const identity = { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(ids) as object };
    const ipRules = Array.from({ length: 200 }, (_, index) => ({ value: `10.${index}.0.0/16` }));
    const [entry] = await added(() =>
      admin.ask('PATCH', `${PROVIDER}/managedHSMs/held`, { identity, properties: { networkAcls: { ipRules } } }),
    );
    const { changes } = entry?.properties['detail'] as { readonly changes: Readonly<Record<string, object>> };
    const { cut, characters } = changes['identities'] as { readonly cut: string; readonly characters: number };
    assert.ok(characters > 50_000 && cut.length < 10_000);
    assert.equal((changed(entry as AuditEntry, 'ipRules')[1] as unknown[]).length, 200);
  });
});

describe('strangers at the management plane', () => {
  test('have an entry for each refusal within their share, and one in ten seconds beyond it', async () => {
    let seconds = 0;
    const strangers = { burst: 3, perSecond: 0.001 };
    await using control = await runControl({
      limits: { strangers, connectionsPerAddress: 200 },
      elapsed: () => seconds,
    });
    const before = control.audit.entries.length;
    const url = 'https://management.azure.com/subscriptions/x/resourceGroups/rg?api-version=2024-11-01';
    const headers = { authorization: 'Bearer x', 'user-agent': 'u'.repeat(5_000) };
    const knock = () => control.call(url, { method: 'DELETE', headers });
    for (let index = 0; index < 8; index++) await knock();
    seconds += 11;
    await knock();
    const entries = control.audit.entries.slice(before);
    assert.deepEqual(
      entries.map(({ httpStatusCode, properties }) => [httpStatusCode, properties['throttledBefore']]),
      [
        [401, undefined],
        [401, undefined],
        [401, undefined],
        [429, undefined],
        [429, 4],
      ],
    );
    for (const { decision, identity, clientInfo } of entries) {
      assert.deepEqual([decision, identity], ['unauthenticated', '{"claim":{}}']);
      assert.ok(clientInfo.length < 400);
    }
  });
});

interface Change {
  readonly before: unknown;
  readonly after: unknown;
}
