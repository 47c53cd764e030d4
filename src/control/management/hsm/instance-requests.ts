// What the instance host is told of an HSM's record: of a new one, and of its network.
import type { NetworkRules } from '../../../formats/network-rules.ts';
import type { ProvisionRequest } from '../../../links/provision-request.ts';
import type { ManagedHsm } from '../resources.ts';

export function networkOf({ publicNetworkAccess, networkAcls, connections }: ManagedHsm): NetworkRules {
  return {
    publicNetworkAccess,
    networkAcls,
    privateEndpointConnections: connections.map(({ name, status }) => ({ name, status })),
  };
}

export function provisionRequest(hsm: ManagedHsm, tenantId: string, resourceId: string): ProvisionRequest {
  return {
    name: hsm.name,
    tenantId,
    resourceId,
    region: hsm.location,
    initialAdministrators: hsm.initialAdministrators,
    softDeleteRetentionInDays: hsm.softDeleteRetentionInDays,
    purgeProtection: hsm.purgeProtection,
    network: networkOf(hsm),
  };
}
