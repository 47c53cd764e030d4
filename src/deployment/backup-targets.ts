// `backupTargets` of `instance.json`: their shape. What a place's URI may be is judged by the storage, which refuses to start
// with one that cannot be.
import { readLine } from '../formats/instance-identity.ts';
import { flag, list, record } from '../formats/shape.ts';

const place = record(
  {
    /** `https://host[:port][/path]`, `file:///folder`, or `http` on loopback in the dev profile. What lies below is allowed too. */
    uri: readLine,
  },
  {
    /** Nothing is ever taken away there: append-only folders, containers with an immutability policy. */
    keepsAll: flag,
    /** PEM file of the authority of its certificate; absent: the system's. */
    caFile: readLine,
    /** The addresses that the host name may stand for; needed where they are private. */
    addresses: list(readLine, 64),
  },
);
export type AllowedBackupTarget = ReturnType<typeof place>;

export const readBackupPlaces = list(place, 1000);
