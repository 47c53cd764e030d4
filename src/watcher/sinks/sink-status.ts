// How a log fares at a sink: as a run tells it, and as it is read from what the watcher keeps, whether that runs or not.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '../../deployment/data-layout.ts';
import { MANAGEMENT_LOG } from '../../deployment/sinks.ts';
import { openEntries } from '../../features/audit/read-entries.ts';
import { findLogs, type WatchedLog } from '../watched-logs.ts';
import { otherLog, type Refusal, readPosition, startAt } from './kept-position.ts';
import type { LogIdentity } from './sink.ts';

export interface SinkStatus {
  readonly sink: string;
  /** Name of the instance, or `@management`; of one that was purged its id. */
  readonly log: string;
  readonly origin: string;
  /** Index of the first entry that has not been taken. */
  readonly next: number;
  readonly behind: {
    readonly entries: number;
    /** Age of the oldest of them; while nothing can be read or sent, at least how long that has been so. */
    readonly seconds: number;
  };
  /** The last entry sent is not in the log any more: nothing is sent. */
  readonly isOtherLog?: boolean | undefined;
  readonly lastSuccess?: string | undefined;
  readonly lastFailure?: { readonly at: string; readonly why: string } | undefined;
  /** How many entries the receiver will never take. */
  readonly refused: number;
  /** The newest of them. */
  readonly latestRefusals: readonly Refusal[];
}

/** A sink whose oldest entry waits for longer is behind, and one that has another log before it: none that works is. */
export const BEHIND_S = 60;

export function isBehind({ behind: { entries, seconds }, isOtherLog }: SinkStatus): boolean {
  return isOtherLog === true || (entries > 0 && seconds > BEHIND_S);
}

/** Seconds. @param oldest entry that has not been taken; it begins with its time */
export function ageOf(oldest: Buffer | undefined, now: number): number {
  const time = oldest === undefined ? undefined : entryTime(oldest);
  return time === undefined ? 0 : Math.max(0, Math.round((now - time) / 1000));
}

export function entryTime(entry: Buffer): number | undefined {
  const time = Date.parse(/^\{"time":"([^"]{1,40})"/.exec(entry.toString('latin1', 0, 64))?.[1] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

export function positionFile(folder: string, sink: string, logId: string): string {
  return join(folder, sink, `${logId}.json`);
}

export function identityOf({ origin, instance, resourceId = '', isManagement }: WatchedLog): LogIdentity {
  const id = origin.slice(origin.indexOf('/') + 1);
  return { origin, id, name: isManagement ? MANAGEMENT_LOG : (instance ?? id), resourceId };
}

/** By sink and log. @param now milliseconds */
export function readStatuses(places: Places, now: number): readonly SinkStatus[] {
  const instances = existsSync(places.instances) ? readdirSync(places.instances) : [];
  const logs = findLogs(places, instances);
  const sinks = existsSync(places.sinks) ? readdirSync(places.sinks).sort() : [];
  return sinks.flatMap((sink) => logs.flatMap((log) => statusOf(places.sinks, sink, log, now) ?? []));
}

function statusOf(folder: string, sink: string, log: WatchedLog, now: number): SinkStatus | undefined {
  const { id, name, origin } = identityOf(log);
  const path = positionFile(folder, sink, id);
  if (!existsSync(path)) return undefined;
  const { last, ...position } = positionIn(path);
  const entries = openEntries(log.folder);
  const sent = (): Buffer | undefined => {
    const [found] = entries.from(position.next - 1);
    return found === undefined ? undefined : Buffer.from(found.text);
  };
  const isOtherLog = otherLog({ next: position.next, ...(last === undefined ? {} : { last }) }, sent) !== undefined;
  const [oldest] = entries.from(position.next);
  const seconds = ageOf(oldest === undefined ? undefined : Buffer.from(oldest.text), now);
  const behind = { entries: Math.max(0, entries.size - position.next), seconds };
  return { sink, log: name, origin, ...position, behind, ...(isOtherLog ? { isOtherLog } : {}) };
}

/** One that cannot be read is as good as none: the log is sent again. */
function positionIn(path: string) {
  try {
    return readPosition(path) ?? startAt(0);
  } catch {
    return startAt(0);
  }
}
