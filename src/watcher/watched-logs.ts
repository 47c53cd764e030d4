// Which logs there are to be read: of the instances, of those that were purged, and of the management plane.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '../deployment/data-layout.ts';
import { readInstanceConfig } from '../deployment/instance.ts';
import { recordedPurges } from '../deployment/purge-record.ts';
import { readIfThere } from '../files/read-if-there.ts';
import { isGuid } from '../formats/guid.ts';
import { logOrigin } from '../formats/log-origin.ts';

export interface WatchedLog {
  /** Name of the log: the origin line of its checkpoints. */
  readonly origin: string;
  readonly folder: string;
  /** The instance's name; absent: of one that was purged, or of the management plane. */
  readonly instance?: string;
  /** What it was called, as the record of purges has it. */
  readonly purged?: string;
  /** When that was, ISO 8601. */
  readonly purgedAt?: string;
  /** ARM id of the instance. */
  readonly resourceId?: string;
  /** Resource ids of sinks, lower case: those of them that get it, by its diagnostic settings, or got it when it was purged. */
  readonly diagnostics?: readonly string[] | undefined;
  readonly isManagement: boolean;
  /** ISO 8601; absent: nobody knows any more. */
  readonly createdAt?: string;
}

/**
 * @param names of the instances that there are
 * @param unread what there is of one whose configuration does not read; by default that is thrown
 */
export function findLogs(
  places: Places,
  names: readonly string[],
  unread = (_: string, error: unknown): readonly WatchedLog[] => {
    throw error;
  },
): readonly WatchedLog[] {
  const instances = names.flatMap((name): readonly WatchedLog[] => {
    const { audit, config } = places.instance(name);
    if (!existsSync(config)) return [];
    try {
      const { id, resourceId, diagnostics, createdAt } = readInstanceConfig(config);
      const own = { instance: name, resourceId, diagnostics, createdAt };
      return [{ origin: logOrigin(id), folder: audit, ...own, isManagement: false }];
    } catch (error) {
      return unread(name, error);
    }
  });
  const purged = existsSync(places.purged) ? readdirSync(places.purged).filter(isGuid) : [];
  const records = new Map(recordedPurges(places.purged).map((line) => [line.instanceId, line]));
  const gone = purged.map((id): WatchedLog => {
    const own = { origin: logOrigin(id), folder: join(places.purged, id), isManagement: false };
    const line = records.get(id);
    if (line === undefined) return own;
    const { name: purged, rootKeysDestroyedAt: purgedAt, resourceId, diagnostics } = line;
    return { ...own, purged, purgedAt, resourceId, diagnostics };
  });
  return [...managementLog(places), ...instances, ...gone];
}

/** Its name stands in the key that verifies it, which is there from its first start on and never written again. */
function managementLog({ management: { verifierKey, audit } }: Places): readonly WatchedLog[] {
  const key = readIfThere(verifierKey);
  const origin = key?.split('+')[0];
  if (origin === undefined) return [];
  return [{ origin, folder: audit, isManagement: true, createdAt: statSync(verifierKey).mtime.toISOString() }];
}
