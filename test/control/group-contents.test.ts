// What clients ask of groups and resource providers besides HSMs: az lists resources, Terraform registers providers, changes a
// group's tags, and deletes a group only when a list says that nothing is in it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type ManagementCaller, managementCaller } from '../support/management-caller.ts';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const ARM = 'https://management.azure.com';
const HSMS = 'providers/Microsoft.KeyVault/managedHSMs';

describe('groups, resources and providers', () => {
  let control: RunningControl;
  let arm: ManagementCaller;
  before(async () => {
    control = await runControl();
    arm = await managementCaller(control);
    for (const name of ['Full', 'empty']) await arm.ask('PUT', `/resourceGroups/${name}`, { location: 'local' });
    await arm.make(`/resourceGroups/Full/${HSMS}/One-Hsm`, { tags: { team: 'keys' } });
    await arm.make(`/resourceGroups/Full/${HSMS}/two-hsm`);
    const endpoint = await arm.ask('PUT', '/resourceGroups/Full/providers/Microsoft.Network/privateEndpoints/door', {
      location: 'local',
      properties: {
        subnet: { id: '/subscriptions/s/subnets/s' },
        manualPrivateLinkServiceConnections: [
          { name: 'l', properties: { privateLinkServiceId: idOf('One-Hsm'), groupIds: ['managedhsm'] } },
        ],
      },
    });
    assert.equal(endpoint.status, 201, endpoint.text);
  });
  after(() => control[Symbol.asyncDispose]());

  const idOf = (name: string): string => `/subscriptions/${arm.subscription}/resourceGroups/Full/${HSMS}/${name}`;
  const values = (reply: Reply) => {
    assert.equal(reply.status, 200, reply.text);
    return reply.json.value as readonly Readonly<Record<string, unknown>>[];
  };
  const names = (reply: Reply): string =>
    values(reply)
      .map(({ name, namespace }) => name ?? namespace)
      .join(' ');
  const code = (reply: Reply): unknown => (reply.json.error as { readonly code: string }).code;
  const filtered = (filter: string): string => `/resources?$filter=${encodeURIComponent(filter)}`;

  test('a group lists what is in it, so that who spares what is not empty spares an HSM', async () => {
    assert.equal(names(await arm.ask('GET', '/resourceGroups/FULL/resources')), 'One-Hsm two-hsm door');
    assert.equal(names(await arm.ask('GET', '/resourceGroups/empty/resources?$expand=provisioningState')), '');
    assert.equal(code(await arm.ask('GET', '/resourceGroups/none/resources')), 'ResourceGroupNotFound');
    const [hsm] = values(await arm.ask('GET', '/resourceGroups/full/resources?$top=1&$expand=provisioningState'));
    assert.deepEqual(hsm, {
      id: idOf('One-Hsm'),
      name: 'One-Hsm',
      type: 'Microsoft.KeyVault/managedHSMs',
      location: 'local',
      tags: { team: 'keys' },
      sku: { family: 'B', name: 'Standard_B1' },
      provisioningState: 'Succeeded',
    });
  });

  test('a subscription lists everything, or what a filter says, page by page', async () => {
    assert.equal(names(await arm.ask('GET', '/resources')), 'One-Hsm two-hsm door');
    assert.equal(names(await arm.ask('GET', filtered("resourceType eq 'Microsoft.KeyVault/vaults'"))), '');
    assert.equal(code(await arm.ask('GET', filtered("plan eq 'x'"))), 'InvalidFilterInQueryString');
    const first = await arm.ask('GET', `${filtered("resourceType eq 'microsoft.keyvault/MANAGEDHSMS'")}&$top=1`);
    assert.equal(names(first), 'One-Hsm');
    const second = await arm.ask('GET', String(first.json.nextLink));
    assert.deepEqual([names(second), second.json.nextLink], ['two-hsm', undefined]);
  });

  test('a list holds what its reader may read', async () => {
    const consumer = await managementCaller(control, control.secrets.applications.consumer);
    const path = `/resourceGroups/Full/${HSMS}/two-hsm/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
    const { oid: principalId } = control.secrets.applications.consumer;
    assert.equal((await arm.ask('PUT', path, { properties: { roleDefinitionId, principalId } })).status, 201);
    const visible = `${ARM}/subscriptions/${arm.subscription}`;
    assert.equal(names(await consumer.ask('GET', `${visible}/resources`)), 'two-hsm');
    assert.equal(names(await consumer.ask('GET', `${visible}/resourceGroups/Full/resources`)), 'two-hsm');
    assert.equal((await consumer.ask('POST', `${visible}/providers/Microsoft.KeyVault/register`)).status, 403);
    // Whether there are groups in which nothing is theirs they do not learn.
    for (const group of ['empty', 'none']) {
      for (const list of ['resources', 'providers/Microsoft.KeyVault/vaults']) {
        const reply = await consumer.ask('GET', `${visible}/resourceGroups/${group}/${list}`);
        assert.deepEqual([reply.status, code(reply)], [403, 'AuthorizationFailed'], `${group} ${list}`);
      }
    }
    await arm.ask('DELETE', path);
    assert.equal((await consumer.ask('GET', `${visible}/resources`)).status, 403);
  });

  test('what is deleted is in no list: its group can go', async () => {
    await arm.ask('PUT', '/resourceGroups/passing', { location: 'local' });
    await arm.make(`/resourceGroups/passing/${HSMS}/leaving`);
    assert.equal(names(await arm.ask('GET', '/resourceGroups/passing/resources')), 'leaving');
    await arm.finish(await arm.ask('DELETE', `/resourceGroups/passing/${HSMS}/leaving`));
    assert.equal(names(await arm.ask('GET', '/resourceGroups/passing/resources')), '');
  });

  test('PATCH changes what it names of a group and leaves the rest', async () => {
    const managedBy = '/subscriptions/s/resourceGroups/g/providers/Some.Thing/managers/m';
    const path = '/resourceGroups/Patched';
    const made = await arm.ask('PUT', path, { location: 'local', tags: { a: '1', b: '2' }, managedBy });
    assert.deepEqual([made.status, made.json.managedBy], [201, managedBy]);
    const patched = await arm.ask('PATCH', path.toUpperCase(), { tags: { c: '3' } });
    assert.deepEqual(
      [patched.status, patched.json.name, patched.json.tags, patched.json.managedBy],
      [200, 'Patched', { c: '3' }, managedBy],
    );
    assert.deepEqual((await arm.ask('PATCH', path, {})).json, patched.json);
    assert.deepEqual((await arm.ask('GET', path)).json, patched.json);
    assert.equal(code(await arm.ask('PATCH', path, { location: 'westus' })), 'InvalidResourceGroupLocation');
    assert.equal(code(await arm.ask('PATCH', '/resourceGroups/none', { tags: {} })), 'ResourceGroupNotFound');
    assert.equal((await arm.ask('PATCH', path, { tags: { a: 1 } })).status, 400);
    const again = await arm.ask('PUT', path, { location: 'local' });
    assert.deepEqual([again.status, again.json.tags, 'managedBy' in again.json], [200, {}, false]);
  });

  test('the providers that there are here are registered, and others are none', async () => {
    const listed = values(await arm.ask('GET', '/providers'));
    assert.deepEqual([...new Set(listed.map((each) => each.registrationState))], ['Registered']);
    assert.ok(listed.some((each) => each.namespace === 'Microsoft.Network'));
    const shown = await arm.ask('GET', '/providers/microsoft.keyvault');
    assert.equal(shown.json.namespace, 'Microsoft.KeyVault');
    assert.deepEqual((await arm.ask('POST', '/providers/MICROSOFT.KEYVAULT/register')).json, shown.json);
    for (const [method, path] of [
      ['GET', '/providers/Microsoft.Nothing'],
      ['POST', '/providers/Microsoft.Nothing/register'],
    ] as const) {
      const reply = await arm.ask(method, path);
      assert.deepEqual([reply.status, code(reply)], [404, 'InvalidResourceNamespace']);
    }
  });

  test('the operations of Microsoft.KeyVault are those that rows ask a role for', async () => {
    const url = `${ARM}/providers/Microsoft.KeyVault/operations`;
    const operations = values(await arm.ask('GET', url));
    const all = operations.map(({ name }) => name);
    for (const action of ['managedHSMs/write', 'locations/deletedManagedHsms/purge/action', 'register/action']) {
      assert.ok(all.includes(`Microsoft.KeyVault/${action}`), action);
    }
    assert.equal(new Set(all).size, all.length);
    assert.ok(operations.every(({ isDataAction }) => isDataAction === false));
    assert.equal((await control.call(`${url}?api-version=2024-11-01`)).status, 401);
  });

  test('there are no vaults, and lists of them say so', async () => {
    for (const path of ['/', '/resourceGroups/Full/']) {
      assert.deepEqual(values(await arm.ask('GET', `${path}providers/Microsoft.KeyVault/vaults`)), []);
    }
    assert.deepEqual(values(await arm.ask('GET', '/providers/Microsoft.KeyVault/deletedVaults')), []);
  });

  test('the default attestation provider is the authority that development makes', async () => {
    const path = '/providers/Microsoft.Attestation/Locations/East US/defaultProvider'.replace(' ', '%20');
    const { status, json } = await arm.ask('GET', path);
    assert.deepEqual([status, json.location], [200, 'eastus']);
    const { attestUri } = json.properties as { readonly attestUri: string };
    assert.equal(attestUri, 'https://attestation.strongroom.localhost');
  });
});
