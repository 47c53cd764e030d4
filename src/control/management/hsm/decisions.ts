// What is recorded before work on an HSM begins, and whether it may begin.
import { type ControlCaller, ControlError } from '../../../http/control-row.ts';
import { findByName, type HsmPath, isIn, requireGroup, withHsm } from '../find.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import { changedHsm, findDeleted, modifiedBy } from './hsm-rules.ts';
import type { HsmBody } from './read-hsm-body.ts';

/** What is to be recorded before the work begins; without `resources` the same work is under way already. */
export type Decide = (resources: Resources) => { readonly resources?: Resources; readonly hsm: ManagedHsm };
type Decided = ReturnType<Decide>;

export function conflict(message: string): ControlError {
  return new ControlError(409, 'ConflictError', message);
}

export function isIdle({ state }: ManagedHsm): boolean {
  return state === 'Succeeded' || state === 'Failed';
}

/** @throws ControlError 409 while something else is being done to it */
export function checkIdle(hsm: ManagedHsm): void {
  if (isIdle(hsm)) return;
  throw conflict(`Another operation on '${hsm.spelledName}' is under way (${hsm.state}); try again when it has ended.`);
}

/** Whether the change is one that the instance has to hear of. */
export function concernsInstance(before: ManagedHsm, after: ManagedHsm): boolean {
  const seen = ({ purgeProtection, publicNetworkAccess, networkAcls, connections }: ManagedHsm) => {
    const known = connections.map(({ name, status }) => [name, status]);
    return JSON.stringify([purgeProtection, publicNetworkAccess, networkAcls, known]);
  };
  return seen(before) !== seen(after);
}

/** Its connections are to be these. */
export function beginConnecting(
  resources: Resources,
  hsm: ManagedHsm,
  connections: ManagedHsm['connections'],
  caller: ControlCaller,
  at: string,
): Decided {
  return withHsm(resources, { ...hsm, connections, ...modifiedBy(caller, at), state: 'Updating' });
}

export function beginDeletion(resources: Resources, hsm: ManagedHsm): Decided {
  if (hsm.state === 'Deleting') return { hsm };
  checkIdle(hsm);
  return withHsm(resources, { ...hsm, state: 'Deleting' });
}

/** @throws Error when it is no longer deleted */
export function beginPurge(resources: Resources, name: string): Decided {
  const deleted = findDeleted(resources, name);
  if (deleted === undefined) throw new Error(`${name} is not deleted any more`);
  const { hsm, purging } = deleted;
  if (purging) return { hsm };
  const deletedHsms = resources.deletedHsms.map((each) => (each === deleted ? { ...each, purging: true } : each));
  return { resources: { ...resources, deletedHsms }, hsm };
}

export function isRecovery(resources: Resources, name: string, { createMode }: HsmBody): boolean {
  const state = findByName(resources, name)?.state;
  return createMode === 'recover' && (state === undefined || state === 'Recovering');
}

/** The record comes back as it was. What the request says beside that is checked and not taken. */
export function beginRecovery(
  resources: Resources,
  { name, spelledName, resourceGroup }: HsmPath,
  body: HsmBody,
  caller: ControlCaller,
  at: string,
): Decided {
  const deleted = findDeleted(resources, name);
  if (deleted === undefined || !isIn(resourceGroup, deleted.hsm)) {
    const message = `There is no deleted managed HSM '${spelledName.slice(0, 64)}' to recover in this group.`;
    throw new ControlError(404, 'DeletedHsmNotFound', message);
  }
  if (deleted.purging) throw conflict(`'${deleted.hsm.spelledName}' is being purged.`);
  // The group may have been made anew in another spelling.
  const group = requireGroup(resources, resourceGroup);
  changedHsm(resources, deleted.hsm, { ...body, createMode: undefined }, caller, at);
  const deletedHsms = resources.deletedHsms.filter((each) => each !== deleted);
  const recovered = { ...deleted.hsm, resourceGroup: group.name, ...modifiedBy(caller, at) };
  return withHsm({ ...resources, deletedHsms }, { ...recovered, state: 'Recovering' });
}
