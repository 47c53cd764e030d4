// Makes the resource group and the instance through the resource manager, as `az keyvault create --hsm-name` does.
import { DEV_INSTANCE } from '../deployment/client-environment/variables.ts';
import type { DevClients } from '../deployment/dev-clients.ts';
import type { NameForm } from '../http/name-form.ts';
import { call, type GetToken, memberAt, poll } from './call.ts';

const GROUP = 'strongroom-dev';
const REGION = 'local';
const API_VERSION = '2024-11-01';

/** @returns whether it was there before, and its activation */
export async function findOrProvision(form: NameForm, clients: DevClients, getToken: GetToken) {
  const token = await getToken(form.audiences.arm[0] ?? '');
  const group = `${form.arm}/subscriptions/${clients.subscriptionId}/resourceGroups/${GROUP}`;
  const url = `${group}/providers/Microsoft.KeyVault/managedHSMs/${DEV_INSTANCE}?api-version=${API_VERSION}`;
  const found = await call(token, 'GET', url, [200, 404]);
  // One that failed is made by the same request again; its record holds its name and nothing else.
  const isMissing = found.status === 404 || stateOf(found.body) === 'Failed';
  if (isMissing) {
    await call(token, 'PUT', `${group}?api-version=${API_VERSION}`, [200, 201], { location: REGION });
    await call(token, 'PUT', url, [200, 202], {
      location: REGION,
      sku: { family: 'B', name: 'Standard_B1' },
      properties: {
        tenantId: clients.tenantId,
        initialAdminObjectIds: [clients.applications.admin.oid],
        enableSoftDelete: true,
        softDeleteRetentionInDays: 7,
      },
    });
  }
  const { body } = await poll(
    () => call(token, 'GET', url, [200]),
    ({ body }) => SETTLED.has(stateOf(body)),
  );
  const state = stateOf(body);
  if (state !== 'Succeeded') {
    throw new Error(`the instance is ${state}: ${String(memberAt(body, 'properties', 'statusMessage'))}`);
  }
  return {
    found: !isMissing,
    activation: memberAt(body, 'properties', 'securityDomainProperties', 'activationStatus'),
  };
}

/** Waits until the management plane has heard that the instance is active. */
export async function waitUntilActive(form: NameForm, clients: DevClients, getToken: GetToken): Promise<void> {
  await poll(
    () => findOrProvision(form, clients, getToken),
    ({ activation }) => activation === 'Active',
  );
}

function stateOf(body: unknown): string {
  return String(memberAt(body, 'properties', 'provisioningState'));
}

const SETTLED: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);
