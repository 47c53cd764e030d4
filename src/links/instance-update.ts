// What control may ask to be changed of an instance while it runs, and a worker is told: checked on either side of each link.
import { readDestinations } from '../formats/diagnostic-destinations.ts';
import { readNetworkRules } from '../formats/network-rules.ts';
import { guid, matching, oneOf, type Reader, record, ShapeError } from '../formats/shape.ts';

const on: Reader<true> = (value, path) => {
  if (value !== true) throw new ShapeError(`${path} can only be turned on`);
  return value;
};

/** A change of network rules that goes back by itself unless it is confirmed in time. */
const trialStep = record(
  {
    step: oneOf('begun', 'confirmed', 'reverted', 'ended'),
    id: guid,
    until: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time'),
  },
  {
    /** Object id of whoever wanted the step, in the management plane's own word; absent: the deadline came. */
    by: guid,
  },
);
export type NetworkTrialStep = ReturnType<typeof trialStep>;

const shape = record(
  {},
  {
    purgeProtection: on,
    network: readNetworkRules,
    /** For the instance's log, and not kept: what the change of its network is part of. */
    networkTrial: trialStep,
    /** For who sends its log, which no worker does. */
    diagnostics: readDestinations,
  },
);
export type InstanceUpdate = ReturnType<typeof shape>;

/** @throws ShapeError */
export function readInstanceUpdate(value: unknown): InstanceUpdate {
  return shape(value, 'update');
}
