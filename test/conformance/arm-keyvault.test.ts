// The stock JavaScript management client against the product as shipped: HSMs, private endpoints, regions and keys.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { armClient } from '../support/arm-client.ts';
import { type Answered, dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

const ARM_USER = '770fd66c-6266-4643-9d4e-b616870898d5';

describe('the stock JavaScript management client', () => {
  let product: RunningProduct;
  let instance: InstanceClient;
  let ended: Ended;
  let closed: Answered;
  let refusals: readonly (readonly string[])[];
  let before_: readonly (readonly [what: string, status: number])[];
  before(async () => {
    product = await startProduct();
    const env = await product.environment();
    const arm = await armClient(product, env);
    instance = instanceClient(product, await dataPlaneToken(product, env));
    const [hsm] = (await arm.ask('GET', '/providers/Microsoft.KeyVault/managedHSMs')).json['value'] as {
      readonly id: string;
      readonly properties: { readonly initialAdminObjectIds: readonly string[] };
    }[];
    assert.ok(hsm !== undefined);
    const group = hsm.id.split('/')[4] ?? '';
    const administrator = hsm.properties.initialAdminObjectIds[0] ?? '';
    const asked = await arm.ask('PUT', `/resourceGroups/${group}/providers/Microsoft.Network/privateEndpoints/pe`, {
      location: 'local',
      properties: {
        subnet: { id: '/subscriptions/s/subnet' },
        manualPrivateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: hsm.id, groupIds: ['managedhsm'] } },
        ],
      },
    });
    assert.equal(asked.status, 201, asked.text);
    // The setting, then the role: neither is enough without the other.
    const key = `/resourceGroups/${group}/providers/Microsoft.KeyVault/managedHSMs/dev/keys/none`;
    const off = await arm.ask('GET', key);
    const setting = '/settings/AllowKeyManagementOperationsThroughARM';
    const set = await instance.ask('PATCH', setting, { value: 'true' });
    assert.equal(set.status, 200, set.text);
    const body = { properties: { kty: 'RSA-HSM' } };
    const withoutRole = await arm.ask('PUT', key, body);
    const role = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const roleDefinitionId = `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${ARM_USER}`;
    const given = await instance.ask('PUT', role, { properties: { roleDefinitionId, principalId: administrator } });
    assert.equal(given.status, 201, given.text);
    refusals = [off, withoutRole].map(({ text, headers }) => [text, String(headers['x-strongroom-trace'])]);
    before_ = [
      ['setting off', off.status],
      ['no role', withoutRole.status],
      ['not there', (await arm.ask('GET', key)).status],
    ];
    // From here on the data plane is closed to everybody; what goes through the resource manager is no part of it.
    const networkAcls = { bypass: 'None', defaultAction: 'Deny' };
    const closing = { properties: { networkAcls } };
    await arm.finish(await arm.ask('PATCH', hsm.id.split(arm.subscription)[1] ?? '', closing));
    closed = await instance.ask('GET', '/keys');
    ended = await runIn(
      { cwd: product.data, env: { ...env, TEST_GROUP: group, TEST_ADMINISTRATOR: administrator } },
      process.execPath,
      join(import.meta.dirname, 'clients/management.ts'),
    );
  });
  after(async () => {
    instance[Symbol.dispose]();
    await product[Symbol.asyncDispose]();
  });

  test('gets no key while the setting is off, nor without a local role', () => {
    assert.deepEqual(before_, [
      ['setting off', 403],
      ['no role', 403],
      ['not there', 404],
    ]);
  });

  test('is refused with one Activity ID, by which the one who refused explains it', () => {
    for (const [text = '', trace = ''] of refusals) {
      assert.deepEqual(text.match(/\(Activity ID: [^)]*\)/g), [`(Activity ID: ${trace})`], text);
    }
  });

  test('works beside a data plane whose network rules let nobody in', () => {
    assert.equal(closed.status, 403);
    assert.match(closed.text, /ForbiddenByFirewall/);
  });

  testChecks(
    [
      'makes an HSM, gets and lists it',
      'changes tags and network',
      'shows private link resources and connections, and decides on one',
      'deletes, recovers and purges',
      'makes keys where there are none, and reads them',
    ],
    () => ended,
  );
});
