// An HSM's private endpoint connections as the resource manager shows them, and those that were asked for and not approved. Who
// asks needs no right at the HSM, so asking neither changes what the HSM is and does, nor takes its room from others: each
// resource group has a few.
import { MOST_CONNECTIONS } from '../../../formats/network-rules.ts';
import { ControlError } from '../../../http/control-row.ts';
import { endpointId, findByName, hsmId, withHsm } from '../find.ts';
import { etagOf } from '../hsm/etag.ts';
import type { EndpointConnection, ManagedHsm, PrivateEndpoint, Resources } from '../resources.ts';

export function describeConnection(
  resources: Resources,
  hsm: ManagedHsm,
  connection: EndpointConnection,
  provisioningState: 'Succeeded' | 'Updating' = hsm.state === 'Updating' ? 'Updating' : 'Succeeded',
): Readonly<Record<string, unknown>> {
  const { name, endpointId: id, status, description } = connection;
  return {
    id: `${hsmId(resources, hsm)}/privateEndpointConnections/${name}`,
    name,
    // As the public service says, whatever it is a connection of.
    type: 'Microsoft.KeyVault/vaults/privateEndpointConnections',
    location: hsm.location,
    etag: etagOf(connection),
    properties: {
      privateEndpoint: { id },
      privateLinkServiceConnectionState: {
        status,
        ...(description === '' ? {} : { description }),
        actionsRequired: 'None',
      },
      provisioningState,
    },
  };
}

/** At one HSM, of one group: pending, rejected or disconnected. */
const MOST_UNAPPROVED_OF_GROUP = 4;

/** @throws ControlError 409 */
export function checkRoomToAsk(resources: Resources, hsm: ManagedHsm, group: string): void {
  const ofGroup = endpointId(resources, { name: '', resourceGroup: group }).toLowerCase();
  const own = hsm.connections.filter(
    ({ status, endpointId: id }) => status !== 'Approved' && id.toLowerCase().startsWith(ofGroup),
  );
  if (own.length < MOST_UNAPPROVED_OF_GROUP) return;
  throw new ControlError(
    409,
    'QuotaExceeded',
    `The resource group '${group}' has ${MOST_UNAPPROVED_OF_GROUP} connections at '${hsm.spelledName}' that are not approved, the ` +
      "most there can be; delete a private endpoint that waits, or have the HSM's owner approve or delete some.",
  );
}

/** @throws ControlError 409 */
export function checkRoom({ spelledName, connections }: ManagedHsm): void {
  if (connections.length >= MOST_CONNECTIONS)
    throw new ControlError(409, 'QuotaExceeded', `'${spelledName}' has ${MOST_CONNECTIONS} connections already.`);
}

/**
 * What is left when the endpoint goes: a connection that nobody has decided on goes with it, of a rejected one its owner sees
 * that it is gone. Nothing when it is approved, or the instance may not have heard that it is not: then it must hear of it.
 */
export function withoutUnapproved(resources: Resources, endpoint: PrivateEndpoint): Resources | undefined {
  const hsm = findByName(resources, endpoint.hsm);
  const held = hsm?.connections.find(({ name }) => name === endpoint.connection);
  if (hsm === undefined || held === undefined) return resources;
  if (held.status !== 'Pending' && !(held.status === 'Rejected' && hsm.state === 'Succeeded')) return undefined;
  const left: readonly EndpointConnection[] = held.status === 'Pending' ? [] : [{ ...held, status: 'Disconnected' }];
  const connections = hsm.connections.flatMap((each) => (each === held ? left : [each]));
  return withHsm(resources, { ...hsm, connections }).resources;
}
