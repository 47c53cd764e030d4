// A private endpoint as the resource manager shows it, with the state of its connection at the HSM.
import { hsmId } from '../hsm/describe-hsm.ts';
import type { PrivateEndpoint, Resources } from '../resources.ts';

const TYPE = 'Microsoft.Network/privateEndpoints';

export function endpointId(
  { subscriptionId }: Resources,
  { name, resourceGroup }: Pick<PrivateEndpoint, 'name' | 'resourceGroup'>,
): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${TYPE}/${name}`;
}

export function describeEndpoint(resources: Resources, endpoint: PrivateEndpoint): Readonly<Record<string, unknown>> {
  const hsm = resources.managedHsms.find(({ name }) => name === endpoint.hsm);
  const connection = hsm?.connections.find(({ name }) => name === endpoint.connection);
  const id = endpointId(resources, endpoint);
  const links = [
    {
      id: `${id}/privateLinkServiceConnections/${endpoint.linkName}`,
      name: endpoint.linkName,
      properties: {
        privateLinkServiceId: hsm === undefined ? '' : hsmId(resources, hsm),
        groupIds: ['managedhsm'],
        requestMessage: endpoint.requestMessage,
        provisioningState: 'Succeeded',
        privateLinkServiceConnectionState: {
          status: connection?.status ?? 'Disconnected',
          description: connection?.description ?? '',
          actionsRequired: 'None',
        },
      },
    },
  ];
  return {
    id,
    name: endpoint.name,
    type: TYPE,
    location: endpoint.location,
    tags: endpoint.tags,
    properties: {
      provisioningState: 'Succeeded',
      subnet: { id: endpoint.subnetId },
      networkInterfaces: [],
      customDnsConfigs: [],
      privateLinkServiceConnections: endpoint.manual ? [] : links,
      manualPrivateLinkServiceConnections: endpoint.manual ? links : [],
    },
  };
}
