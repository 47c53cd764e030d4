// From a request's path to the HSM it names.
import { ControlError, type ControlRequest } from '../../../http/control-row.ts';
import { requireGroup } from '../resource-groups.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import { hsmId } from './describe-hsm.ts';
import type { HsmPath } from './hsm-rules.ts';

export function hsmPathOf({ params }: ControlRequest): HsmPath {
  const spelledName = params.name ?? '';
  return { name: spelledName.toLowerCase(), spelledName, resourceGroup: params.group ?? '' };
}

export function findHsm(
  { managedHsms }: Resources,
  { name, resourceGroup }: Pick<HsmPath, 'name' | 'resourceGroup'>,
): ManagedHsm | undefined {
  const group = resourceGroup.toLowerCase();
  return managedHsms.find((hsm) => hsm.name === name && hsm.resourceGroup.toLowerCase() === group);
}

export function requireHsm(resources: Resources, request: ControlRequest): ManagedHsm {
  const place = hsmPathOf(request);
  const { name: resourceGroup } = requireGroup(resources, place.resourceGroup);
  const hsm = findHsm(resources, place);
  if (hsm !== undefined) return hsm;
  const id = hsmId(resources, { spelledName: place.spelledName.slice(0, 64), resourceGroup });
  throw new ControlError(404, 'ResourceNotFound', `The Resource '${id}' was not found.`);
}
