// What is done through the management plane: the network, private endpoints, roles there, an HSM that goes.
import { randomUUID } from 'node:crypto';
import { commands as network } from '../commands/network.ts';
import type { Scenario, Scene } from './scene.ts';

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
/** An HSM besides `dev`. */
export const SECOND = 'second';

const opened: Scenario = {
  fires: ['network-opened'],
  does: 'shut the network but for this machine, opened it on trial, took that back, and opened it for good',
  async run({ arm, hsm, strongroom }) {
    const acls = (defaultAction: 'Allow' | 'Deny') => ({
      properties: { networkAcls: { bypass: 'None', defaultAction, ipRules: [{ value: '127.0.0.1/32' }] } },
    });
    await arm('PATCH', hsm('dev'), acls('Deny'));
    const wider = ['--allow', '127.0.0.1/32', '--allow', '192.0.2.0/24', '--confirm-within', '10m'];
    for (const end of ['network revert', 'network confirm']) {
      await strongroom(network, 'network apply', '--hsm-name', 'dev', ...wider);
      await strongroom(network, end, '--hsm-name', 'dev');
    }
    await arm('PATCH', hsm('dev'), acls('Allow'));
  },
};

const endpoint: Scenario = {
  fires: ['private-endpoint-approved'],
  does: 'asked for a private endpoint, and approved it',
  async run({ arm, hsm }) {
    const [group = ''] = hsm('dev').split('/providers/');
    await arm('PUT', `${group}/providers/Microsoft.Network/privateEndpoints/test`, {
      location: 'local',
      properties: {
        subnet: { id: '/subscriptions/s/subnet' },
        manualPrivateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: hsm('dev'), groupIds: ['managedhsm'] } },
        ],
      },
    });
    const connections = `${hsm('dev')}/privateEndpointConnections`;
    const { value } = (await arm('GET', connections)) as { readonly value: readonly { readonly name: string }[] };
    await arm('PUT', `${connections}/${value[0]?.name ?? ''}`, {
      properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'a test' } },
    });
  },
};

const roles: Scenario = {
  fires: ['management-role-changed'],
  does: 'gave and took a role of the management plane',
  async run({ arm, hsm, clients }) {
    const path = `${hsm('dev')}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const subscription = `/subscriptions/${clients.subscriptionId}`;
    const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
    await arm('PUT', path, { properties: { roleDefinitionId, principalId: clients.applications.consumer.oid } });
    await arm('DELETE', path);
  },
};

/** Where it is not there yet. */
export async function makeSecond({ arm, hsm, clients, until }: Scene): Promise<void> {
  const path = hsm(SECOND);
  await arm('PUT', path, {
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: {
      tenantId: clients.tenantId,
      initialAdminObjectIds: [clients.applications.admin.oid],
      softDeleteRetentionInDays: 7,
    },
  });
  await until(async () => {
    const { properties } = (await arm('GET', path)) as { readonly properties: { readonly provisioningState: string } };
    return properties.provisioningState === 'Succeeded';
  });
}

/** After all that a second HSM is needed for. */
export const gone: Scenario = {
  fires: ['instance-stopped', 'instance-purge-tried'],
  does: 'deleted and purged an HSM that was made for it',
  async run(scene) {
    await makeSecond(scene);
    await scene.arm('DELETE', scene.hsm(SECOND));
    const place = `/subscriptions/${scene.clients.subscriptionId}/providers/Microsoft.KeyVault/locations/local`;
    await scene.arm('POST', `${place}/deletedManagedHSMs/${SECOND}/purge`);
    // The log that says so is taken away soon.
    await scene.until(() => gone.fires.filter(scene.isTested).every(scene.hasFired));
  },
};

export const hsmsAndNetwork: readonly Scenario[] = [opened, endpoint, roles];
