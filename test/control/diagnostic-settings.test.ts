// Diagnostic settings as clients of the resource manager set them, and what becomes of them: kept, on record, told to the
// instance, and gone with the HSM.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const AUDIENCE = 'https://management.core.windows.net/';
const ID = '/subscriptions/7f3a0e8c-5d0e-4f4b-9a52-0d5a2c1f9b11/resourceGroups/Logs/providers';
const STORAGE = `${ID}/Microsoft.Storage/storageAccounts/auditLogs`;
const WORKSPACE = `${ID}/Microsoft.OperationalInsights/workspaces/Siem`;
const RULE = `${ID}/Microsoft.EventHub/namespaces/Hub/authorizationRules/Send`;
const LOGS = [{ category: 'AuditEvent', enabled: true }];

describe('diagnostic settings', () => {
  let control: RunningControl;
  let admin: string;
  let subscription: string;
  let number = 0;
  let name: string;

  const call = (method: string, path: string, json?: unknown, token = admin): Promise<Reply> =>
    control.call(
      `https://management.azure.com/subscriptions/${subscription}${path}${path.includes('?') ? '&' : '?'}api-version=2021-05-01-preview`,
      { method, headers: { authorization: `Bearer ${token}` }, ...(json === undefined ? {} : { json }) },
    );
  const provider = '/providers/Microsoft.KeyVault';
  const hsm = (): string => `/resourceGroups/rg${provider}/managedHSMs/${name}`;
  const settings = (): string => `${hsm()}/providers/microsoft.insights/diagnosticSettings`;
  const put = (setting: string, properties: object): Promise<Reply> =>
    call('PUT', `${settings()}/${setting}`, { properties });
  const finish = async (begun: Reply): Promise<Reply> => {
    let reply = begun;
    while (reply.status === 202) {
      reply = await control.call(String(reply.headers.location), { headers: { authorization: `Bearer ${admin}` } });
    }
    return reply;
  };
  const make = (changes: object = {}): Promise<Reply> =>
    call('PUT', hsm(), {
      location: 'local',
      sku: { family: 'B', name: 'Standard_B1' },
      properties: {
        initialAdminObjectIds: [control.secrets.applications.admin.oid],
        softDeleteRetentionInDays: 7,
        ...changes,
      },
    }).then(finish);
  /** The instance is known by its name in lower case. */
  const told = (): readonly string[] | undefined =>
    control.host.updated.findLast(([each]) => each === name.toLowerCase())?.[1].diagnostics;
  const properties = (reply: Reply) => reply.json.properties as Readonly<Record<string, unknown>>;
  const message = ({ status, json }: Reply): string => {
    const { code, message: text } = json.error as { readonly code: string; readonly message: string };
    return `${status} ${code} ${text}`;
  };

  before(async () => {
    control = await runControl({ destinations: [STORAGE, WORKSPACE, RULE] });
    admin = await control.token(control.secrets.applications.admin, AUDIENCE);
    const list = await control.call('https://management.azure.com/subscriptions?api-version=2022-12-01', {
      headers: { authorization: `Bearer ${admin}` },
    });
    subscription = (list.json.value as readonly { readonly subscriptionId: string }[])[0]?.subscriptionId ?? '';
    await call('PUT', '/resourceGroups/rg', { location: 'local' });
  });
  after(() => control[Symbol.asyncDispose]());
  beforeEach(async () => {
    number += 1;
    name = `Diag-${number}`;
    control.host.gate = async () => {};
    assert.equal((await make()).status, 200);
  });

  test('one is kept as it was given, shown in the shape of the public service, and the instance hears of it', async () => {
    const retentionPolicy = { enabled: false, days: 0 };
    const given = {
      storageAccountId: STORAGE.replace('auditLogs', 'AUDITLOGS'),
      eventHubAuthorizationRuleId: RULE,
      eventHubName: 'hub',
      logs: [{ category: 'auditevent', enabled: true, retentionPolicy }],
      metrics: [{ category: 'AllMetrics', enabled: false, retentionPolicy }],
    };
    const made = await put('To-SIEM', given);
    assert.equal(made.status, 200, made.text);
    const shown = {
      id: `/subscriptions/${subscription}${settings()}/To-SIEM`,
      type: 'Microsoft.Insights/diagnosticSettings',
      name: 'To-SIEM',
      properties: {
        ...given,
        workspaceId: null,
        logAnalyticsDestinationType: null,
        logs: [{ category: 'AuditEvent', enabled: true, retentionPolicy }],
      },
    };
    assert.deepEqual(made.json, shown);
    assert.deepEqual((await call('GET', `${settings()}/to-siem`)).json, shown);
    assert.deepEqual((await call('GET', settings())).json, { value: [shown] });
    assert.deepEqual(told(), [STORAGE.toLowerCase(), RULE.toLowerCase()]);
    // The HSM is as it was.
    assert.equal(properties(await call('GET', hsm())).provisioningState, 'Succeeded');
  });

  test('another one of the name replaces it under the first spelling; deleted, it is gone and the instance hears it', async () => {
    await put('Audit', { storageAccountId: STORAGE, logs: LOGS });
    const again = await put('AUDIT', { workspaceId: WORKSPACE, logs: [{ categoryGroup: 'allLogs', enabled: true }] });
    assert.deepEqual([again.status, again.json.name, properties(again).storageAccountId], [200, 'Audit', null]);
    assert.deepEqual(told(), [WORKSPACE.toLowerCase()]);
    assert.equal((await call('DELETE', `${settings()}/audit`)).status, 200);
    assert.deepEqual(told(), []);
    assert.equal((await call('GET', `${settings()}/audit`)).status, 404);
    assert.equal((await call('DELETE', `${settings()}/audit`)).status, 204);
  });

  test('one whose logs are off sends nothing', async () => {
    await put('off', { storageAccountId: STORAGE, logs: [{ category: 'AuditEvent', enabled: false }] });
    assert.deepEqual(told(), []);
    await put('off', { storageAccountId: STORAGE });
    assert.deepEqual(told(), []);
    await put('off', { storageAccountId: STORAGE, logs: [{ categoryGroup: 'audit', enabled: true }] });
    assert.deepEqual(told(), [STORAGE.toLowerCase()]);
  });

  test('what it asks for and is not to be had is refused, by name and with what to do', async () => {
    const other = `${ID}/Microsoft.Storage/storageAccounts/other`;
    const base = { storageAccountId: STORAGE, logs: LOGS };
    for (const [given, expected] of [
      [
        { ...base, storageAccountId: other },
        new RegExp(`^400 BadRequest .*storageAccountId.*'${other}'.*${STORAGE}, ${WORKSPACE}, ${RULE}.*resourceId`),
      ],
      [{ ...base, workspaceId: 'siem' }, /workspaceId must be the id of a resource/],
      [{ logs: LOGS }, /names no destination.*storageAccountId, workspaceId, eventHubAuthorizationRuleId/],
      [{ ...base, metrics: [{ category: 'AllMetrics', enabled: true }] }, /metrics\[0\].*\/metrics/],
      [{ ...base, logs: [{ category: 'Other', enabled: true }] }, /logs\[0\]\.category must be one of: AuditEvent/],
      [{ ...base, logs: [{ categoryGroup: 'some', enabled: true }] }, /categoryGroup must be one of: audit, allLogs/],
      [{ ...base, logs: [{ enabled: true }] }, /logs\[0\] must have one of category and categoryGroup/],
      [{ ...base, logs: [{ ...LOGS[0], categoryGroup: 'audit' }] }, /must have one of category and categoryGroup/],
      [
        { ...base, logs: [{ ...LOGS[0], retentionPolicy: { enabled: true, days: 90 } }] },
        /days must be 0.*immutability/,
      ],
      [{ ...base, logs: Array.from({ length: 11 }, () => LOGS[0]) }, /more than 10 items/],
      [{ ...base, marketplacePartnerId: other }, /marketplacePartnerId.*no partner solutions/],
      [{ ...base, serviceBusRuleId: other }, /serviceBusRuleId.*no service bus/],
    ] as const) {
      assert.match(message(await put('wrong', given)), expected);
    }
    assert.match(message(await call('PUT', `${settings()}/a%2Bb`, { properties: base })), /400 BadRequest The name/);
    assert.deepEqual((await call('GET', settings())).json, { value: [] });
    assert.equal(told(), undefined, 'nothing of it reached the instance');
  });

  test('an HSM has five at most, and no two send the same log to the same sink', async () => {
    await put('first', { storageAccountId: STORAGE, logs: LOGS });
    const twice = await put('second', {
      storageAccountId: STORAGE.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'),
      logs: LOGS,
    });
    assert.match(message(twice), /^409 Conflict Data sink .* already used in diagnostic setting 'first'/);
    for (const each of ['b', 'c', 'd', 'e']) assert.equal((await put(each, { workspaceId: WORKSPACE })).status, 200);
    assert.match(message(await put('f', { workspaceId: WORKSPACE })), /^409 Conflict .* has 5 diagnostic settings/);
    assert.equal((await put('e', { workspaceId: WORKSPACE, logs: LOGS })).status, 200);
  });

  test('categories are the one log, and no metrics', async () => {
    const id = `/subscriptions/${subscription}${settings()}Categories/AuditEvent`;
    const type = 'microsoft.insights/diagnosticSettingsCategories';
    const one = {
      id,
      type,
      name: 'AuditEvent',
      properties: { categoryType: 'Logs', categoryGroups: ['audit', 'allLogs'] },
    };
    assert.deepEqual((await call('GET', `${settings()}Categories`)).json, { value: [one] });
    assert.deepEqual((await call('GET', `${settings()}Categories/auditevent`)).json, one);
  });

  test('they survive a restart, and the deletion and recovery of the HSM; a purge ends them', async () => {
    await put('audit', { storageAccountId: STORAGE, logs: LOGS });
    await control.restart();
    const shown = await call('GET', `${settings()}/audit`);
    assert.equal(properties(shown).storageAccountId, STORAGE);
    assert.equal((await finish(await call('DELETE', hsm()))).status, 200);
    assert.equal((await call('GET', `${settings()}/audit`)).status, 404);
    assert.equal((await make({ createMode: 'recover' })).status, 200);
    assert.deepEqual((await call('GET', `${settings()}/audit`)).json, shown.json);
    assert.equal((await finish(await call('DELETE', hsm()))).status, 200);
    const deleted = `${provider}/locations/local/deletedManagedHSMs/${name}/purge`;
    assert.equal((await finish(await call('POST', deleted))).status, 200);
    assert.equal((await make()).status, 200);
    assert.deepEqual((await call('GET', settings())).json, { value: [] });
  });

  test('one that the instance could not be told of is kept, and told when the HSM is sent again', async () => {
    control.host.gate = () => Promise.reject(new Error('no worker answers'));
    assert.match(
      message(await put('audit', { storageAccountId: STORAGE, logs: LOGS })),
      /^409 OperationFailed no worker/,
    );
    control.host.gate = async () => {};
    assert.equal((await make()).status, 200);
    assert.deepEqual(told(), [STORAGE.toLowerCase()]);
    assert.equal((await call('GET', `${settings()}/audit`)).status, 200);
  });

  test('one that the instance has not heard of in time is not said to be in force, and is there when it is asked for again', async () => {
    const heard = Promise.withResolvers<void>();
    control.host.gate = () => heard.promise;
    const early = await put('audit', { storageAccountId: STORAGE, logs: LOGS });
    assert.match(message(early), /^503 ServiceUnavailable .*has not yet heard of it/);
    assert.equal(early.headers['retry-after'], '10');
    heard.resolve();
    control.host.gate = async () => {};
    let again = await put('audit', { storageAccountId: STORAGE, logs: LOGS });
    while (again.status === 409) again = await put('audit', { storageAccountId: STORAGE, logs: LOGS });
    assert.equal(again.status, 200);
    assert.deepEqual(told(), [STORAGE.toLowerCase()]);
  });

  test('names and texts of a setting are short, and of one line', async () => {
    const sent = { workspaceId: WORKSPACE, logs: LOGS };
    for (const bad of ['%C2%9B31m', '%E2%80%AEabc']) assert.equal((await put(bad, sent)).status, 400, bad);
    const long = 'x'.repeat(300);
    assert.match(message(await put('a', { ...sent, eventHubName: long })), /^400 .*eventHubName/);
    const metrics = [{ category: 'AllMetrics', enabled: false, timeGrain: long }];
    assert.match(message(await put('a', { ...sent, metrics })), /^400 .*timeGrain/);
  });

  test('a change is on record before it is in force, with what was before and who did it', async () => {
    await put('audit', { storageAccountId: STORAGE, logs: LOGS });
    await put('audit', { workspaceId: WORKSPACE, logs: LOGS });
    await call('DELETE', `${settings()}/audit`);
    await put('audit', { workspaceId: `${ID}/elsewhere`, logs: LOGS });
    const id = `/subscriptions/${subscription}${settings()}/audit`.toUpperCase();
    const entries = control.audit.entries.filter(({ resourceId }) => resourceId === id);
    const changes = entries.map(({ operationName, resultSignature, properties: { detail, asked } }) => [
      operationName,
      resultSignature,
      (detail as { readonly changes?: unknown } | undefined)?.changes ?? asked,
    ]);
    const write = 'Microsoft.Insights/diagnosticSettings/write';
    assert.deepEqual(changes, [
      [
        write,
        'Accepted',
        {
          name: { before: null, after: 'audit' },
          logs: { before: null, after: LOGS },
          metrics: { before: null, after: [] },
          storageAccountId: { before: null, after: STORAGE },
        },
      ],
      [
        write,
        'Accepted',
        { storageAccountId: { before: STORAGE, after: null }, workspaceId: { before: null, after: WORKSPACE } },
      ],
      [
        'Microsoft.Insights/diagnosticSettings/delete',
        'Accepted',
        {
          name: { before: 'audit', after: null },
          logs: { before: LOGS, after: null },
          metrics: { before: [], after: null },
          workspaceId: { before: WORKSPACE, after: null },
        },
      ],
      [
        write,
        'BadRequest',
        `{"properties":{"workspaceId":"${ID}/elsewhere","logs":[{"category":"AuditEvent","enabled":true}]}}`,
      ],
    ]);
    for (const { identity } of entries) assert.match(identity, new RegExp(control.secrets.applications.admin.oid));
  });
});
