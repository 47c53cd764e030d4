// A private endpoint connection of an HSM as the resource manager shows it.
import { createHash } from 'node:crypto';
import type { EndpointConnection } from '../resources.ts';

export function connectionEtag(connection: EndpointConnection): string {
  return `"${createHash('sha256').update(JSON.stringify(connection)).digest('hex').slice(0, 32)}"`;
}

export function describeConnection(
  hsmId: string,
  connection: EndpointConnection,
  provisioningState: 'Succeeded' | 'Updating' = 'Succeeded',
): Readonly<Record<string, unknown>> {
  const { name, endpointId, status, description } = connection;
  return {
    id: `${hsmId}/privateEndpointConnections/${name}`,
    name,
    type: 'Microsoft.KeyVault/managedHSMs/privateEndpointConnections',
    etag: connectionEtag(connection),
    properties: {
      privateEndpoint: { id: endpointId },
      privateLinkServiceConnectionState: { status, description, actionsRequired: 'None' },
      provisioningState,
    },
  };
}
