// Recovering a deleted HSM: its record comes back as it was.
import { type ControlCaller, ControlError, type ControlRequest } from '../../../http/control-row.ts';
import { requireGroup } from '../resource-groups.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import { hsmPathOf } from './find-hsm.ts';
import type { Decide } from './hsm-rules.ts';
import { changedHsm, modifiedBy } from './hsm-rules.ts';
import type { HsmBody } from './read-hsm-body.ts';

export function isRecovery({ managedHsms }: Resources, name: string, { createMode }: HsmBody): boolean {
  const recovering = managedHsms.some((hsm) => hsm.name === name && hsm.state === 'Recovering');
  return createMode === 'recover' && (recovering || !managedHsms.some((hsm) => hsm.name === name));
}

/** What the request says beside that is checked and not taken. */
export function recovering(request: ControlRequest, caller: ControlCaller, body: HsmBody, now: string): Decide {
  const { name, spelledName, resourceGroup } = hsmPathOf(request);
  return (resources) => {
    const deleted = resources.deletedHsms.find(({ hsm }) => hsm.name === name);
    if (deleted === undefined || deleted.hsm.resourceGroup.toLowerCase() !== resourceGroup.toLowerCase()) {
      throw new ControlError(
        404,
        'DeletedHsmNotFound',
        `There is no deleted managed HSM '${spelledName.slice(0, 64)}' to recover in this group.`,
      );
    }
    if (deleted.purging) throw new ControlError(409, 'ConflictError', `'${deleted.hsm.spelledName}' is being purged.`);
    // The group may have been made anew in another spelling.
    const group = requireGroup(resources, resourceGroup);
    const { createMode: _, ...rest } = body;
    changedHsm(resources, deleted.hsm, { ...rest, createMode: undefined }, caller, now);
    const hsm: ManagedHsm = {
      ...deleted.hsm,
      resourceGroup: group.name,
      ...modifiedBy(caller, now),
      state: 'Recovering',
    };
    const deletedHsms = resources.deletedHsms.filter((each) => each !== deleted);
    return withHsm({ ...resources, deletedHsms }, hsm);
  };
}

/** Added, or instead of the one of its name. */
export function withHsm(
  resources: Resources,
  hsm: ManagedHsm,
): { readonly resources: Resources; readonly hsm: ManagedHsm } {
  const managedHsms = [...resources.managedHsms.filter((each) => each.name !== hsm.name), hsm];
  return { resources: { ...resources, managedHsms }, hsm };
}
