// Connections that were asked for and not approved. Who asks needs no right at the HSM, so asking neither changes what the HSM
// is and does, nor takes its room from others: each resource group has a few.
import { MOST_CONNECTIONS } from '../../../formats/network-rules.ts';
import { ControlError } from '../../../http/control-row.ts';
import type { EndpointConnection, ManagedHsm, PrivateEndpoint, Resources } from '../resources.ts';
import { endpointId } from './describe-endpoint.ts';

/** At one HSM, of one group: pending, rejected or disconnected. */
export const MOST_UNAPPROVED_OF_GROUP = 4;

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
  const hsm = resources.managedHsms.find(({ name }) => name === endpoint.hsm);
  const held = hsm?.connections.find(({ name }) => name === endpoint.connection);
  if (hsm === undefined || held === undefined) return resources;
  const isKnown = held.status === 'Pending' || (held.status === 'Rejected' && hsm.state === 'Succeeded');
  if (!isKnown) return undefined;
  const rest = hsm.connections.flatMap((each): readonly EndpointConnection[] => {
    if (each !== held) return [each];
    return each.status === 'Pending' ? [] : [{ ...each, status: 'Disconnected' }];
  });
  return withConnections(resources, hsm, rest);
}

export function withConnections(
  resources: Resources,
  hsm: ManagedHsm,
  connections: readonly EndpointConnection[],
): Resources {
  const managedHsms = resources.managedHsms.map((each) => (each === hsm ? { ...each, connections } : each));
  return { ...resources, managedHsms };
}
