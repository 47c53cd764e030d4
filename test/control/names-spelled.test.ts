// Names are compared without regard to case and given back letter by letter as their makers spelled them: to a client that
// keeps what it was told (Terraform), another spelling is another resource, to be made in place of this one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ManagementCaller, managementCaller } from '../support/management-caller.ts';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const KEY_VAULT = 'providers/Microsoft.KeyVault';

describe('names in the resource manager', () => {
  let control: RunningControl;
  let arm: ManagementCaller;
  let id: string;
  before(async () => {
    control = await runControl();
    arm = await managementCaller(control);
    await arm.ask('PUT', '/resourceGroups/My_Group', { location: 'eastus2' });
    id = `/subscriptions/${arm.subscription}/resourceGroups/My_Group/${KEY_VAULT}/managedHSMs/MyHsm`;
    await arm.make(below(id), { location: 'eastus2' });
  });
  after(() => control[Symbol.asyncDispose]());

  const below = (resource: string): string => resource.slice(`/subscriptions/${arm.subscription}`.length);
  const loud = (resource: string): string => below(resource).toUpperCase();
  const values = (reply: Reply) => reply.json.value as readonly Readonly<Record<string, unknown>>[];
  const properties = (of: { readonly properties?: unknown }) => of.properties as Readonly<Record<string, unknown>>;

  test('an HSM is found under any spelling and shown in its own; its address is a host name, in small letters', async () => {
    for (const path of [below(id), loud(id), below(id).toLowerCase()]) {
      const shown = await arm.ask('GET', path);
      assert.deepEqual([shown.status, shown.json.id, shown.json.name], [200, id, 'MyHsm'], shown.text);
      assert.equal(properties(shown.json).hsmUri, 'https://myhsm.managedhsm.azure.net/');
    }
    for (const list of [`/${KEY_VAULT}/managedHSMs`, `/resourceGroups/MY_GROUP/${KEY_VAULT}/managedHSMs`]) {
      assert.deepEqual(
        values(await arm.ask('GET', list)).map((each) => each.id),
        [id],
      );
    }
  });

  test('a change in another spelling is a change of the same HSM, and leaves its name', async () => {
    const patched = await arm.ask('PATCH', loud(id), { tags: { a: 'b' } });
    assert.deepEqual([patched.status, patched.json.id, patched.json.tags], [200, id, { a: 'b' }]);
    const again = await arm.ask('PUT', loud(id), { location: 'eastus2', tags: {} });
    assert.deepEqual([again.status, again.json.name], [200, 'MyHsm']);
    assert.equal(control.host.provisioned.length, 1);
    const taken = await arm.ask('POST', `/${KEY_VAULT}/checkMhsmNameAvailability`, { name: 'MYHSM' });
    assert.deepEqual([taken.json.reason, taken.json.message], ['AlreadyExists', "The name 'MYHSM' is already in use."]);
  });

  test('the instance is known by the name in small letters and told the id as it is shown', () => {
    const [made] = control.host.provisioned;
    assert.deepEqual([made?.name, made?.resourceId], ['myhsm', id]);
  });

  test('a role given at an HSM or a group keeps the spelling of the one who gave it, and holds whatever the case', async () => {
    const principalId = control.secrets.applications.consumer.oid;
    const roleDefinitionId = `/subscriptions/${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
    const assignments = 'providers/Microsoft.Authorization/roleAssignments';
    for (const scope of [id, `/subscriptions/${arm.subscription}/resourceGroups/my_GROUP`]) {
      const name = randomUUID();
      const path = `${below(scope)}/${assignments}/${name}`;
      const body = { properties: { roleDefinitionId, principalId } };
      for (const put of [await arm.ask('PUT', path, body), await arm.ask('PUT', path.toLowerCase(), body)]) {
        assert.deepEqual([put.status, put.json.id], [201, `${scope}/${assignments}/${name}`]);
        assert.equal(properties(put.json).scope, scope);
      }
      assert.equal((await arm.ask('GET', path.toLowerCase())).json.id, `${scope}/${assignments}/${name}`);
      const consumer = await managementCaller(control, control.secrets.applications.consumer);
      assert.equal((await consumer.ask('GET', loud(id))).status, 200);
      assert.equal((await arm.ask('DELETE', path.toUpperCase())).status, 200);
      assert.equal((await consumer.ask('GET', below(id))).status, 403);
    }
  });

  test('private endpoints, connections and role scopes name the HSM as it is spelled', async () => {
    const endpoint = `/resourceGroups/my_group/providers/Microsoft.Network/privateEndpoints/My-Endpoint`;
    const made = await arm.ask('PUT', endpoint, {
      location: 'eastus2',
      properties: {
        subnet: { id: '/subscriptions/s/subnets/S' },
        privateLinkServiceConnections: [
          { name: 'Link', properties: { privateLinkServiceId: id.toUpperCase(), groupIds: ['managedhsm'] } },
        ],
      },
    });
    assert.equal(made.status, 201, made.text);
    await arm.finish(made);
    const shown = await arm.ask('GET', endpoint.toUpperCase());
    const endpointId = `/subscriptions/${arm.subscription}/resourceGroups/My_Group/providers/Microsoft.Network/privateEndpoints/My-Endpoint`;
    assert.equal(shown.json.id, endpointId);
    const [link] = properties(shown.json).privateLinkServiceConnections as readonly { properties: unknown }[];
    assert.equal(properties(link ?? {}).privateLinkServiceId, id);
    const [connection] = values(await arm.ask('GET', `${loud(id)}/privateEndpointConnections`));
    assert.equal(connection?.id, `${id}/privateEndpointConnections/${String(connection?.name)}`);
    assert.deepEqual(properties(connection ?? {}).privateEndpoint, { id: endpointId });
  });

  test('a deleted HSM keeps its name, and comes back under it, in its group however that is spelled now', async () => {
    const gone = await arm.finish(await arm.ask('DELETE', loud(id)));
    assert.equal(gone.status, 200);
    const deletedId = `/subscriptions/${arm.subscription}/${KEY_VAULT}/locations/eastus2/deletedManagedHSMs/MyHsm`;
    const deleted = await arm.ask('GET', loud(deletedId));
    assert.deepEqual(
      [deleted.json.id, deleted.json.name, deleted.json.type, properties(deleted.json).mhsmId],
      [deletedId, 'MyHsm', 'Microsoft.Keyvault/deletedManagedHSMs', id],
    );
    assert.equal((await arm.ask('DELETE', '/resourceGroups/my_group')).status, 200);
    await arm.ask('PUT', '/resourceGroups/MY_GROUP', { location: 'eastus2' });
    const properties_ = { createMode: 'Recover' };
    const back = await arm.finish(await arm.ask('PUT', loud(id), { location: 'eastus2', properties: properties_ }));
    assert.deepEqual([back.status, back.json.id], [200, id.replace('My_Group', 'MY_GROUP')], back.text);
  });

  test('records of before, which have no spelling, open as they are', async () => {
    const path = join(control.folder, 'resources.json');
    const isSpelling = (member: string): boolean => member === 'spelledName' || member === 'spelledScope';
    const now = await readFile(path, 'utf8');
    const before_ = JSON.stringify(
      JSON.parse(now, (member, value: unknown) => (isSpelling(member) ? undefined : value)),
    );
    assert.notEqual(before_.length, now.length);
    await writeFile(path, before_);
    await control.restart();
    const shown = await arm.ask('GET', loud(id));
    assert.deepEqual([shown.status, shown.json.name], [200, 'myhsm'], shown.text);
  });

  test('a grant holds for a group and not for a spelling: letters that fold to others hide none from lists, and none outlives its group', async () => {
    const { oid: principalId } = control.secrets.applications.consumer;
    const consumer = await managementCaller(control, control.secrets.applications.consumer);
    const at = `https://management.azure.com/subscriptions/${arm.subscription}`;
    // The sign of the kelvin folds to k; letters beyond ASCII are percent-encoded, and differently for each case.
    for (const [name, other] of [
      ['kms', '\u212Ams'],
      ['Ärzte', 'ärzte'],
    ] as const) {
      const group = `/resourceGroups/${encodeURIComponent(name)}`;
      const same = `/resourceGroups/${encodeURIComponent(other)}`;
      const grants = 'providers/Microsoft.Authorization/roleAssignments';
      const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
      await arm.ask('PUT', group, { location: 'eastus2' });
      const path = `${same}/${grants}/${randomUUID()}`;
      assert.equal((await arm.ask('PUT', path, { properties: { roleDefinitionId, principalId } })).status, 201);
      const listed = values(await arm.ask('GET', `${group}/${grants}?$filter=atScope()`));
      assert.ok(
        listed.some((each) => properties(each).principalId === principalId),
        name,
      );
      for (const each of [group, same]) assert.equal((await consumer.ask('GET', at + each)).status, 200, each);
      assert.equal((await arm.ask('DELETE', group)).status, 200);
      await arm.ask('PUT', group, { location: 'eastus2' });
      for (const each of [group, same]) assert.equal((await consumer.ask('GET', at + each)).status, 403, each);
    }
  });

  test('the name of an HSM is spelled in ASCII', async () => {
    const kelvin = '\u212Aeys';
    const made = await arm.ask(
      'PUT',
      `/resourceGroups/My_Group/${KEY_VAULT}/managedHSMs/${encodeURIComponent(kelvin)}`,
      {
        location: 'eastus2',
        sku: { family: 'B', name: 'Standard_B1' },
        properties: { initialAdminObjectIds: [control.secrets.applications.admin.oid] },
      },
    );
    assert.equal(made.status, 400, made.text);
    const asked = await arm.ask('POST', `/${KEY_VAULT}/checkMhsmNameAvailability`, { name: kelvin });
    assert.equal(asked.json.reason, 'AccountNameInvalid');
  });
});
