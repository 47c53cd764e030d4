// Places of full backups: `backupTargets` of `instance.json`, and those that the operator allows while the instance runs, in
// `backup-places.json` beside it. The command line writes that file; workers read it each time a backup or restore is asked for.
// What a place's URI may be is judged by the storage, which refuses to start with one that cannot be.
import { existsSync } from 'node:fs';
import { replaceFile } from '../files/durable-file.ts';
import { readLine } from '../formats/instance-identity.ts';
import { flag, list, oneOf, record } from '../formats/shape.ts';
import type { InstancePaths } from './data-layout.ts';
import { readOwnFile } from './read-config-file.ts';

export const readBackupPlace = record(
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
export type AllowedBackupTarget = ReturnType<typeof readBackupPlace>;

export const readBackupPlaces = list(readBackupPlace, 1000);

const FORMAT = 'strongroom backup places 1';
const added = record({ format: oneOf(FORMAT), places: readBackupPlaces });

type At = Pick<InstancePaths, 'backupTargetsFile'>;

/** @throws ConfigError naming the file and what is wrong */
export function readAddedTargets({ backupTargetsFile: path }: At): readonly AllowedBackupTarget[] {
  if (!existsSync(path)) return [];
  const read = (value: unknown): readonly AllowedBackupTarget[] => added(value, 'backup-places.json').places;
  return readOwnFile(path, read, 'correct it, or remove it and add the places again');
}

export async function writeAddedTargets({ backupTargetsFile: path }: At, places: readonly AllowedBackupTarget[]) {
  await replaceFile(path, `${JSON.stringify({ format: FORMAT, places }, null, 2)}\n`);
}
