// What goes with a change of the webhook's address, in the same commit: from when on events are told, so that none is
// missed between the two.

import { ServiceError } from '../../http/service-error.ts';
import type { Change } from '../../store/sealed/records.ts';
import { type DeliveredEvents, sinceChange } from './delivered-events.ts';
import type { EventTargets } from './targets.ts';

export interface WebhookChange {
  readonly targets: EventTargets;
  readonly told: DeliveredEvents;
  readonly now: () => number;
}

/** @param address '' turns events off @throws ServiceError BadParameter for an address that is not allowed */
export function planAddress(address: string, { targets, told, now }: WebhookChange): readonly Change[] {
  if (address === '') return [sinceChange(undefined)];
  const refusal = targets.refusal(address);
  if (refusal !== undefined) throw new ServiceError('BadParameter', refusal);
  return told.since === undefined ? [sinceChange(now())] : [];
}
