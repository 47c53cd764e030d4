// Every role of the management plane, at every scope, against every operation of the data plane that there is: 403. The
// operations come from the tables that the product is routed by; the roles are given through the resource manager itself.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ARM_ROLES } from '../../src/control/management/access/role-definitions.ts';
import type { AnyRow } from '../../src/http/route.ts';
import { rowTables } from '../garbage/row-tables.ts';
import { type ArmClient, armClient } from '../support/arm-client.ts';
import { dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

/** Values for the parameters of a path; a key of that name exists. */
const PARAMS: Readonly<Record<string, string>> = { name: 'demo-kek', version: '0'.repeat(32) };

describe('a role of the management plane', () => {
  let product: RunningProduct;
  let arm: ArmClient;
  let rows: readonly AnyRow[];
  let instance: InstanceClient;
  let principal: string;
  let hsm: string;
  before(async () => {
    product = await startProduct();
    const environment = await product.environment();
    arm = await armClient(product, environment);
    rows = await rowTables();
    // The owner has no local role; its own role at the subscription is taken away, so that one at a time is tried.
    const token = await dataPlaneToken(product, environment, 'STRONGROOM_OWNER');
    principal = (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { oid: string }).oid;
    instance = instanceClient(product, token);
    const [found] = (await arm.ask('GET', '/providers/Microsoft.KeyVault/managedHSMs')).json['value'] as {
      id: string;
    }[];
    hsm = found?.id ?? '';
  });
  after(async () => {
    instance[Symbol.dispose]();
    await product[Symbol.asyncDispose]();
  });

  const scopes = (): readonly string[] => [
    `/subscriptions/${arm.subscription}`,
    hsm.split('/providers/')[0] ?? '',
    hsm,
  ];
  const assignments = '/providers/Microsoft.Authorization/roleAssignments';
  const url = (scope: string, id = ''): string => `https://management.azure.com${scope}${assignments}/${id}`;
  const take = async (scope: string, id: string) => {
    const taken = await arm.ask('DELETE', url(scope, id));
    assert.equal(taken.status, 200, taken.text);
  };
  /** Asks everything there is; returns what was not 403. */
  const askEverything = async (): Promise<readonly string[]> => {
    const let_in: string[] = [];
    for (const { method, path, operationName, since, until } of rows) {
      const concrete = path.replaceAll(/:(\w+)/g, (_, name: string) => PARAMS[name] ?? randomUUID());
      // What is under another name than the HSM's own is not there at all.
      const expected = concrete.startsWith('/arm/') ? 404 : 403;
      const version = since ?? until ?? '7.6';
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      const { status, text } = await instance.ask(method, `${concrete}?api-version=${version}`, body);
      if (status !== expected) let_in.push(`${operationName}: ${method} ${concrete} answered ${status} ${text}`);
    }
    return let_in;
  };

  test('the table of operations is not a small one', () => {
    const names = new Set(rows.map(({ operationName }) => operationName));
    assert.ok(
      rows.length > 60 &&
        names.has('KeySign') &&
        names.has('SecurityDomainBackup') &&
        names.has('RoleAssignmentCreate'),
    );
  });

  test('that the dev owner has from the start opens nothing', async () => {
    const mine = (await arm.ask('GET', `${assignments}?$filter=principalId eq '${principal}'`)).json['value'] as {
      name: string;
      properties: { roleDefinitionId: string };
    }[];
    assert.equal(mine.length, 1);
    assert.ok(
      mine[0]?.properties.roleDefinitionId.endsWith(
        ARM_ROLES.find(({ roleName }) => roleName === 'Owner')?.id ?? 'none',
      ),
    );
    assert.deepEqual(await askEverything(), []);
    await take(scopes()[0] ?? '', mine[0]?.name ?? '');
  });

  for (const { id: role, roleName } of ARM_ROLES) {
    for (const [index, at] of ['the subscription', 'the group', 'the HSM'].entries()) {
      test(`${roleName} at ${at} opens no operation of the data plane`, async () => {
        const id = randomUUID();
        const scope = scopes()[index] ?? '';
        const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`;
        const given = await arm.ask('PUT', url(scope, id), {
          properties: { roleDefinitionId, principalId: principal },
        });
        assert.equal(given.status, 201, given.text);
        assert.deepEqual(await askEverything(), []);
        await take(scope, id);
      });
    }
  }
});
