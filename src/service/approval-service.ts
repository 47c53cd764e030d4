// What approvals are given of an instance, by the roles' rows and by full restores.
import { randomUUID } from 'node:crypto';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { RestoreSeparation } from '../features/approvals/restore-duties.ts';
import { optionWords } from '../formats/own-command.ts';
import type { InstanceState } from './instance-state.ts';

export function approvalServiceOf(state: InstanceState, config: InstanceConfig): RestoreSeparation {
  const { approvals, roles, clock, settings, promises, recovery } = state;
  return {
    approvals,
    roles,
    now: clock.now,
    hours: () => settings.number('StrongroomApprovalHours'),
    newId: randomUUID,
    place: placeOf(config),
    promises,
    recovery,
  };
}

/** In production administrators are elsewhere, where no data directory knows the name. */
function placeOf({ profile, name, hostNames }: InstanceConfig): string {
  const host = hostNames.find(({ kind = 'hsm' }) => kind === 'hsm');
  return profile === 'production' && host !== undefined
    ? optionWords({ url: `https://${host.authority}` })
    : optionWords({ 'hsm-name': name });
}
