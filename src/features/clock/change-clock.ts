// Moves the clock of a development instance: forward by so much, or back to real time.

import { readOptionalBoolean, readOptionalInteger } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import { clockKind, type InstanceClock, MAX_OFFSET } from './instance-clock.ts';

export type ClockChange = { readonly kind: 'advance'; readonly seconds: number } | { readonly kind: 'reset' };

/** @throws ServiceError BadParameter */
export function readClockChange(body: JsonObject): ClockChange {
  const seconds = readOptionalInteger(body, 'advanceSeconds');
  const reset = readOptionalBoolean(body, 'reset');
  if (seconds !== undefined && reset === undefined) {
    if (seconds > 0 && seconds <= MAX_OFFSET) return { kind: 'advance', seconds };
    throw badParameter(`Property 'advanceSeconds' must be from 1 to ${MAX_OFFSET}`);
  }
  if (seconds === undefined && reset === true) return { kind: 'reset' };
  throw badParameter('The body must be {"advanceSeconds": n} or {"reset": true}');
}

/** Several travels add up, whichever worker takes them. @throws ServiceError BadParameter */
export function travel(asked: ClockChange, commit: Commit, clock: Pick<InstanceClock, 'offset'>): Promise<Head> {
  return commit(() => {
    if (asked.kind === 'reset') return [clockKind.remove()];
    const offset = clock.offset + asked.seconds;
    if (offset <= MAX_OFFSET) return [clockKind.put('', { offset })];
    throw badParameter(`The clock can be ahead by ${MAX_OFFSET} seconds at the most; reset it first`);
  });
}
