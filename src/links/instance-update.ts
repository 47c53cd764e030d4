// What control may ask to be changed of an instance, and a worker is told: checked on either side of each link.

import { readNetworkRules } from '../formats/network-rules.ts';
import { guid, matching, oneOf, type Reader, record, ShapeError } from '../formats/shape.ts';
import type { InstanceUpdate } from './instance-host.ts';

const on: Reader<true> = (value, path) => {
  if (value !== true) throw new ShapeError(`${path} can only be turned on`);
  return value;
};

/** @throws ShapeError */
export function readInstanceUpdate(value: unknown): InstanceUpdate {
  return shape(value, 'update');
}

const shape: Reader<InstanceUpdate> = record(
  {},
  {
    purgeProtection: on,
    network: readNetworkRules,
    networkTrial: record(
      {
        step: oneOf('begun', 'confirmed', 'reverted', 'ended'),
        id: guid,
        until: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time'),
      },
      { by: guid },
    ),
  },
);
