// Which keys a filled store holds: as many as asked, one in a hundred with ten versions, names in no order.
import { createHash } from 'node:crypto';

export const VERSIONS = 10;
/** Of so many keys one has several versions: 1,000 of 100,000. */
const ONE_IN = 100;

/** Same number, same name; neighbouring numbers are far apart in a sorted list. */
export function filledName(number: number): string {
  return `bench-${createHash('sha256').update(String(number)).digest('hex').slice(0, 16)}`;
}

export function versionsOf(number: number): number {
  return number % ONE_IN === 0 ? VERSIONS : 1;
}

/** All versions of keys 0 to `keys` - 1. */
export function versionCount(keys: number): number {
  return keys + Math.ceil(keys / ONE_IN) * (VERSIONS - 1);
}
