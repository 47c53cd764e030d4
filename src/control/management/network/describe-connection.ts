// A private endpoint connection of an HSM as the resource manager shows it.
import { createHash } from 'node:crypto';
import type { EndpointConnection } from '../resources.ts';

export function connectionEtag(connection: EndpointConnection): string {
  return `"${createHash('sha256').update(JSON.stringify(connection)).digest('hex').slice(0, 32)}"`;
}

export function describeConnection(
  /** The HSM. */
  of: { readonly id: string; readonly location: string },
  connection: EndpointConnection,
  provisioningState: 'Succeeded' | 'Updating' = 'Succeeded',
): Readonly<Record<string, unknown>> {
  const { name, endpointId, status, description } = connection;
  return {
    id: `${of.id}/privateEndpointConnections/${name}`,
    name,
    // As the public service says, whatever it is a connection of.
    type: 'Microsoft.KeyVault/vaults/privateEndpointConnections',
    location: of.location,
    etag: connectionEtag(connection),
    properties: {
      privateEndpoint: { id: endpointId },
      privateLinkServiceConnectionState: {
        status,
        ...(description === '' ? {} : { description }),
        actionsRequired: 'None',
      },
      provisioningState,
    },
  };
}
