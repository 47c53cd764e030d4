// Long-running operations as clients see them: begun with 202, polled at `Location`, ended with 200.
import { type ControlAnswer, ControlError, type ControlRequest } from '../../wire/control-row.ts';
import type { HsmLifecycle } from './hsm-lifecycle.ts';
import type { ManagedHsm, Operation, Resources } from './resources.ts';

/** Resolves with the operation once the deletion is recorded; what then happens is for the lifecycle. */
export function beginDeletion(
  lifecycle: HsmLifecycle,
  name: string,
  find: (resources: Resources) => ManagedHsm,
): Promise<Operation> {
  return lifecycle.begin('delete', name, (resources) => {
    const hsm = find(resources);
    if (hsm.state === 'Deleting') return hsm;
    if (hsm.state === 'Provisioning') {
      throw new ControlError(409, 'Conflict', `'${hsm.name}' is being provisioned; delete it when that has ended.`);
    }
    return { ...hsm, state: 'Deleting' };
  });
}

export function accepted(
  { subscriptionId, managedHsms }: Resources,
  request: ControlRequest,
  operation: Operation,
): ControlAnswer {
  const location = managedHsms.find((hsm) => hsm.name === operation.hsm)?.location ?? 'local';
  const version = encodeURIComponent(request.query.get('api-version') ?? '');
  return {
    status: 202,
    headers: {
      location: `${request.names.arm}/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/managedHsmOperationResults/${operation.id}?api-version=${version}`,
      'retry-after': '1',
    },
  };
}
