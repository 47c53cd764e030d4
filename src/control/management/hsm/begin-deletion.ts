import type { Requester } from '../record/record-operations.ts';
import type { ManagedHsm, Operation, Resources } from '../resources.ts';
import type { HsmLifecycle } from './hsm-lifecycle.ts';
import { checkIdle } from './hsm-rules.ts';

/** Resolves with the operation once the deletion is recorded; what then happens is for the lifecycle. */
export function beginDeletion(
  lifecycle: HsmLifecycle,
  by: Requester,
  find: (resources: Resources) => ManagedHsm,
): Promise<Operation> {
  return lifecycle.begin(by, 'delete', (resources) => {
    const hsm = find(resources);
    if (hsm.state === 'Deleting') return { hsm };
    checkIdle(hsm);
    const deleting: ManagedHsm = { ...hsm, state: 'Deleting' };
    const managedHsms = resources.managedHsms.map((each) => (each === hsm ? deleting : each));
    return { resources: { ...resources, managedHsms }, hsm: deleting };
  });
}
