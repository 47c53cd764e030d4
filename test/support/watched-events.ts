// The watcher's part for events over an instance that runs by itself: as in the product, but in this process and without links.
import { mkdirSync } from 'node:fs';
import { places } from '../../src/deployment/data-layout.ts';
import { readInstanceConfig } from '../../src/deployment/instance.ts';
import type { Link } from '../../src/links/link.ts';
import { EventsPart } from '../../src/watcher/events/events-part.ts';
import { findLogs } from '../../src/watcher/watched-logs.ts';
import type { RunningInstance } from './running-instance.ts';

export interface WatchedEvents extends AsyncDisposable {
  /** The configuration file may have changed. */
  update(): void;
  /** Pauses are over by so much sooner. */
  later(seconds: number): void;
  /** As if it had ended and been started again. */
  restart(): Promise<void>;
  readonly reports: readonly string[];
}

export function watchEvents(instance: RunningInstance): WatchedEvents {
  const at = places(instance.folder);
  mkdirSync(at.watch, { recursive: true, mode: 0o700 });
  const reports: string[] = [];
  let skipped = 0;
  const answer = async () => ({ worker: 0, workers: 1, told: await instance.service.eventReceiver() });
  const told = (each: EventsPart): void => {
    const { name } = instance.config;
    const { eventTargets = [] } = readInstanceConfig(at.instance(name).config);
    each.update(findLogs(at, [name]), [{ name, eventTargets }]);
  };
  const open = (): EventsPart => {
    const part = new EventsPart({
      profile: instance.config.profile,
      folder: at.watch,
      record: (_, act) => instance.service.record(act),
      link: { request: answer as unknown as Link['request'] },
      report: (what) => reports.push(what),
      steady: () => performance.now() + skipped,
    });
    told(part);
    return part;
  };
  let part = open();
  return {
    reports,
    update: () => told(part),
    later: (seconds) => void (skipped += 1000 * seconds),
    async restart() {
      await part[Symbol.asyncDispose]();
      part = open();
    },
    [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
  };
}
