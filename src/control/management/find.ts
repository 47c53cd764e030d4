// From the names in a request's path to the group and the HSM that they name, and the ids that resources are shown under.
import { ControlError, type ControlRequest } from '../../http/control-row.ts';
import type { ManagedHsm, PrivateEndpoint, ResourceGroup, Resources } from './resources.ts';

export function groupId({ subscriptionId }: Pick<Resources, 'subscriptionId'>, group: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
}

export function hsmId(resources: Resources, hsm: Pick<ManagedHsm, 'spelledName' | 'resourceGroup'>): string {
  return `${groupId(resources, hsm.resourceGroup)}/providers/Microsoft.KeyVault/managedHSMs/${hsm.spelledName}`;
}

export function endpointId(
  resources: Resources,
  { name, resourceGroup }: Pick<PrivateEndpoint, 'name' | 'resourceGroup'>,
): string {
  return `${groupId(resources, resourceGroup)}/providers/Microsoft.Network/privateEndpoints/${name}`;
}

/** Whether something is filed under the group of that name. */
export function isIn(group: string, { resourceGroup }: { readonly resourceGroup: string }): boolean {
  return resourceGroup.toLowerCase() === group.toLowerCase();
}

export function findGroup({ resourceGroups }: Resources, name = ''): ResourceGroup | undefined {
  return resourceGroups.find((group) => isIn(name, { resourceGroup: group.name }));
}

/** @throws ControlError 404 */
export function requireGroup(resources: Resources, name = ''): ResourceGroup {
  const group = findGroup(resources, name);
  if (group !== undefined) return group;
  throw new ControlError(404, 'ResourceGroupNotFound', `Resource group '${name.slice(0, 90)}' could not be found.`);
}

export function findByName({ managedHsms }: Resources, name: string): ManagedHsm | undefined {
  return managedHsms.find((hsm) => hsm.name === name);
}

/** Where the path says that an HSM is. */
export function hsmPathOf({ params }: ControlRequest) {
  const spelledName = params.name ?? '';
  return { name: spelledName.toLowerCase(), spelledName, resourceGroup: params.group ?? '' };
}
export type HsmPath = Readonly<ReturnType<typeof hsmPathOf>>;

export function findHsm(
  resources: Resources,
  { name, resourceGroup }: Pick<HsmPath, 'name' | 'resourceGroup'>,
): ManagedHsm | undefined {
  const hsm = findByName(resources, name);
  return hsm !== undefined && isIn(resourceGroup, hsm) ? hsm : undefined;
}

/** @throws ControlError 404 */
export function requireHsm(resources: Resources, request: ControlRequest): ManagedHsm {
  const place = hsmPathOf(request);
  const { name: resourceGroup } = requireGroup(resources, place.resourceGroup);
  const hsm = findHsm(resources, place);
  if (hsm !== undefined) return hsm;
  const id = hsmId(resources, { spelledName: place.spelledName.slice(0, 64), resourceGroup });
  throw new ControlError(404, 'ResourceNotFound', `The Resource '${id}' was not found.`);
}

/** Instead of the one of its name, or added. */
export function withHsm(
  resources: Resources,
  hsm: ManagedHsm,
): { readonly resources: Resources; readonly hsm: ManagedHsm } {
  const isThere = findByName(resources, hsm.name) !== undefined;
  const managedHsms = isThere
    ? resources.managedHsms.map((each) => (each.name === hsm.name ? hsm : each))
    : [...resources.managedHsms, hsm];
  return { resources: { ...resources, managedHsms }, hsm };
}
