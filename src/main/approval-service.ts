// What approvals are given of an instance, by the roles' rows and by full restores.
import { randomUUID } from 'node:crypto';
import type { RestoreSeparation } from '../features/approvals/restore-duties.ts';
import type { InstanceState } from './instance-state.ts';

export function approvalServiceOf(state: InstanceState, instance: string): RestoreSeparation {
  const { approvals, roles, clock, settings, promises, recovery } = state;
  return {
    approvals,
    roles,
    now: clock.now,
    hours: () => settings.number('StrongroomApprovalHours'),
    newId: randomUUID,
    instance,
    promises,
    recovery,
  };
}
