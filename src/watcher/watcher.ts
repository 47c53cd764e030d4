// All that the watcher does, each part beside the others: none waits for another.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Places } from '../deployment/data-layout.ts';
import type { WatchConfig } from '../deployment/watch-config.ts';
import { readIfThere } from '../files/read-if-there.ts';
import type { Link } from '../links/link.ts';
import type { WatchAct } from '../links/watch-act.ts';
import { recordWatch, type Watched, type WatchedInstance, witnessed } from '../links/watcher-messages.ts';
import { testClockFile } from './alerts/alert-files.ts';
import type { AlertsPart } from './alerts/alerts-part.ts';
import { EventsPart } from './events/events-part.ts';
import { certificateEnd, openHealth } from './health/health.ts';
import type { Check } from './health/readiness.ts';
import type { WatchedSample } from './metrics/exposition.ts';
import { openMetrics } from './metrics/metrics.ts';
import { frontSamples, outletSamples, sinkSamples, witnessSamples } from './metrics/told-by-parts.ts';
import { othersLoad } from './others-load.ts';
import { RetriedPart } from './retried-part.ts';
import { openSinks } from './sinks/sinks.ts';
import { openTraces } from './traces/traces.ts';
import { findLogs, type WatchedLog } from './watched-logs.ts';
import type { WatcherPart } from './watcher-part.ts';
import { witnessChecks } from './witnesses/checks.ts';
import { Witnesses } from './witnesses/witnesses.ts';

export interface WatcherOptions {
  readonly places: Places;
  readonly profile: 'dev' | 'production';
  readonly config: WatchConfig;
  /** Since when the service has it: milliseconds. */
  readonly since: number;
  readonly link: Link;
}

export interface Watcher extends AsyncDisposable {
  update(said: Watched): void;
}

export async function openWatcher({ places, profile, config, since, link }: WatcherOptions): Promise<Watcher> {
  await using stack = new AsyncDisposableStack();
  const record = (instance: string, act: WatchAct): Promise<void> =>
    link.request(recordWatch, { instance, act }).then(() => undefined);
  let watched: readonly WatchedInstance[] = [];
  const { now } = config.alerts?.test === true ? { now: movedClock(testClockFile(places.watch)) } : CLOCK;
  const clock = { ...CLOCK, now };
  const { witnesses: named = [], withoutWitness } = config;
  const cosigned = ({ instance }: WatchedLog, note: string): void => {
    if (instance !== undefined) link.send(witnessed, { instance, note });
  };
  const witnesses = stack.use(
    new Witnesses({ watch: places.watch, witnesses: named, withoutWitness, clock, cosigned }),
  );
  const also = (): readonly Check[] => witnessChecks(witnesses.status(), withoutWitness);
  const instances = (): typeof watched => watched;
  const traces =
    config.traces === undefined
      ? undefined
      : stack.use(openTraces({ config: config.traces, link, instances, readFile }));
  const opened = async <P extends WatcherPart>(name: string, open: () => Promise<P>): Promise<RetriedPart<P>> =>
    stack.use(await RetriedPart.open({ name, open, report }));
  const { sinks: namedSinks = [], health, alerts } = config;
  const sinks = await opened('sinks', () =>
    openSinks({ folder: places.sinks, sinks: namedSinks, since, profile, readFile, clock, report }),
  );
  let told: RetriedPart<AlertsPart> | undefined;
  const gauges = (): readonly WatchedSample[] => [
    ...frontSamples(certificateEnd(places.controlCertificate)),
    ...sinkSamples(sinks.part?.status() ?? []),
    ...outletSamples(told?.part?.status() ?? []),
    ...witnessSamples(witnesses.status()),
    ...(traces?.gauges() ?? []),
  ];
  const metrics = openMetrics({ link, instances, gauges });
  if (alerts !== undefined) {
    told = await opened('alerts', async () =>
      (await import('./alerts/alerts-part.ts')).AlertsPart.open({
        settings: alerts,
        profile,
        folder: places.watch,
        record,
        figures: metrics.figures,
        report,
        now,
      }),
    );
  }
  const parts: readonly WatcherPart[] = [
    sinks,
    await opened('events', async () => new EventsPart({ profile, folder: places.watch, record, link, report })),
    ...(named.length === 0 ? [] : [witnesses]),
    ...(health === undefined
      ? []
      : [await opened('health', () => openHealth({ places, listener: health, metrics: metrics.text, also, report }))]),
    ...(told === undefined ? [] : [told]),
  ];
  let logs: readonly WatchedLog[] = [];
  const owned = stack.move();
  return {
    update({ instances: all, processes }) {
      watched = all;
      const names = all.map(({ name }) => name);
      // Somebody may be writing it.
      logs = findLogs(places, names, (name, error) => {
        report(`${name} is watched as it was known: ${(error as Error).message}`);
        return logs.filter(({ instance }) => instance === name);
      });
      for (const part of parts) part.update(logs, all, processes);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const readFile = (path: string): string => readFileSync(path, 'utf8');

function report(text: string): void {
  process.stderr.write(`${text}\n`);
}

const CLOCK = {
  now: Date.now,
  load: othersLoad(),
  async pause(ms: number, stopping: AbortSignal): Promise<void> {
    await delay(ms, undefined, { signal: stopping }).catch(() => undefined); // it is to stop
  },
};

/** Of a test of the alerts, which has no time to wait for what takes days. */
function movedClock(path: string): () => number {
  return () => Date.now() + 1000 * (Number(readIfThere(path)) || 0);
}
