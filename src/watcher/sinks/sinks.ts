// All sinks over all logs: starts what is configured, stops what is not any more, and forgets how far a removed sink had come.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MANAGEMENT_LOG, type SinkConfig } from '../../deployment/sinks.ts';
import { FollowedEntries, signedSize } from '../../features/audit/follow-entries.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import type { WatchedLog } from '../watched-logs.ts';
import type { WatcherPart } from '../watcher-part.ts';
import { openSink } from './kinds.ts';
import { type Clock, type SentLog, SinkRun } from './run-sink.ts';
import type { SinkSurroundings } from './sink.ts';
import { entryTime, identityOf, positionFile, type SinkStatus } from './sink-status.ts';

export interface SinksOptions extends Pick<SinkSurroundings, 'profile' | 'readFile'> {
  /** Below it each sink has a folder of its name, with a file for each log. */
  readonly folder: string;
  readonly sinks: readonly SinkConfig[];
  /** Since when the service has this configuration: milliseconds. */
  readonly since: number;
  readonly clock: Clock;
  readonly report: (text: string) => void;
}

export interface Sinks extends WatcherPart {
  /** Of each log at each sink. */
  status(): readonly SinkStatus[];
}

export async function openSinks({
  folder,
  sinks,
  since: configuredAt,
  clock,
  report,
  ...surroundings
}: SinksOptions): Promise<Sinks> {
  const runs = new Map<string, SinkRun>();
  forgetOthers(folder, sinks, report);
  const since = new Map<string, number>();
  for (const { name } of sinks) since.set(name, await firstSeen(join(folder, name), configuredAt));

  let newest: readonly WatchedLog[] = [];
  const ending = new Set<string>();

  function update(): void {
    for (const watched of newest) {
      const log = sentLog(watched);
      for (const sink of sinks)
        settle(sink, log, isWanted(sink, watched, since.get(sink.name) ?? 0, pathOf(sink, log)));
    }
  }

  function settle(sink: SinkConfig, log: SentLog, isToRun: boolean): void {
    const key = `${sink.name}/${log.identity.id}`;
    const run = runs.get(key);
    if (run === undefined && isToRun) runs.set(key, start(sink, log));
    if (run === undefined || isToRun || ending.has(key)) return;
    ending.add(key);
    void run[Symbol.asyncDispose]().then(() => {
      ending.delete(key);
      runs.delete(key);
      update(); // it may be wanted again by now
    });
  }

  function start(sink: SinkConfig, log: SentLog): SinkRun {
    return new SinkRun({
      sink,
      log,
      path: pathOf(sink, log),
      begin: () => (sink.from === 'beginning' || beganAfter(log, since.get(sink.name) ?? 0) ? 0 : log.size()),
      open: () => openSink(sink, { log: log.identity, ...surroundings }),
      clock,
    });
  }

  const pathOf = ({ name }: SinkConfig, { identity }: SentLog): string => positionFile(folder, name, identity.id);

  return {
    update(logs) {
      newest = logs;
      update();
    },
    status: () => [...runs.values()].map((run) => run.status()),
    async [Symbol.asyncDispose]() {
      newest = [];
      await Promise.all([...runs.values()].map((run) => run[Symbol.asyncDispose]()));
    },
  };
}

function forgetOthers(folder: string, sinks: readonly SinkConfig[], report: (text: string) => void): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (sinks.some((sink) => sink.name === name)) continue;
    report(`the sink '${name}' is not configured any more: how far it had come is forgotten`);
    rmSync(join(folder, name), { recursive: true });
  }
  if (sinks.length === 0) rmSync(folder, { recursive: true, force: true });
}

/**
 * What is left of a purged instance goes to those that were to have it then; where nothing says who that was, to those that had some. A
 * sink that is newer and names its instances means others: the name may be another's now. @param since when the sink was there first
 */
function isWanted({ logs, resourceId }: SinkConfig, log: WatchedLog, since: number, path: string): boolean {
  const { instance, purged, purgedAt, isManagement, diagnostics } = log;
  const name = isManagement ? MANAGEMENT_LOG : (instance ?? purged)?.toLowerCase();
  const had = instance === undefined && !isManagement && existsSync(path);
  const isNamed =
    logs === undefined ||
    ((name === undefined ? had : logs.some((each) => each.toLowerCase() === name)) &&
      (purgedAt === undefined || had || since <= Date.parse(purgedAt)));
  return isNamed && (resourceId === undefined || (diagnostics?.includes(resourceId.toLowerCase()) ?? had));
}

/** When the sink was there first, of which the logs that there were before know nothing. */
async function firstSeen(folder: string, configuredAt: number): Promise<number> {
  const path = join(folder, 'since');
  const found = Date.parse(readIfThere(path)?.trim() ?? '');
  if (!Number.isNaN(found)) return found;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await replaceFile(path, `${new Date(configuredAt).toISOString()}\n`, { folder: () => Promise.resolve() });
  return configuredAt;
}

/** A log that is newer than the sink is sent from its beginning. */
function beganAfter(log: SentLog, since: number): boolean {
  const first = log.open(0).read()?.entries[0];
  return first === undefined || (entryTime(first) ?? 0) >= since;
}

function sentLog(log: WatchedLog): SentLog {
  return {
    identity: identityOf(log),
    open: (next) => new FollowedEntries(log.folder, next),
    size: () => signedSize(log.folder),
  };
}
