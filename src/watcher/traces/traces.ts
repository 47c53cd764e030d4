// Takes the requests that workers have traced and sends them to where the configuration says. Best effort: while a receiver is slow nothing
// is taken, workers keep few and drop the rest; what a receiver does not take is dropped here. Both are counted.
import { setTimeout as delay } from 'node:timers/promises';
import type { TracesConfig } from '../../deployment/traces.ts';
import { call } from '../../http/outbound.ts';
import { reportFailure } from '../../http/report-failure.ts';
import type { Link } from '../../links/link.ts';
import { readTakenTraces, type TakenTraces } from '../../links/worker-traces.ts';
import { askWorkers } from '../ask-workers.ts';
import type { WatchedSample } from '../metrics/exposition.ts';
import { spanCount, tracesRequest, type WorkerTraces } from './otlp-traces.ts';

export interface TracesOptions {
  readonly config: TracesConfig;
  readonly link: Pick<Link, 'request'>;
  readonly instances: () => readonly { readonly name: string }[];
  readonly readFile: (path: string) => string;
  /** Resolves when it is time to look again. */
  readonly pause?: (stopping: AbortSignal) => Promise<unknown>;
}

export interface Traces extends AsyncDisposable {
  /** For /metrics. */
  gauges(): readonly WatchedSample[];
}

/** With what a worker keeps of them, some 500 traced requests a second for each worker. */
const EVERY_MS = 500;
const SENT_WITHIN_MS = 10_000;
const MOST_ANSWER = 64 * 1024;

/** @throws Error when the file of the authority cannot be read */
export function openTraces({ config, link, instances, readFile, pause = halfSecond }: TracesOptions): Traces {
  const { url, ratio, caFile } = config;
  const ca = caFile === undefined ? undefined : readFile(caFile);
  const stopped = new AbortController();
  const { signal: stopping } = stopped;
  let dropped = 0;
  let isTrouble = false;

  /** Workers that say what does not read; each is reported once. */
  const malformed = new Set<string>();
  const read = (worker: string, told: unknown): TakenTraces | undefined => {
    try {
      const taken = readTakenTraces(told, 'traces');
      malformed.delete(worker);
      return taken;
    } catch (error) {
      dropped += 1; // how many it were nobody knows
      if (!malformed.has(worker)) reportFailure(`the traces of worker ${worker} do not read, and are dropped`, error);
      malformed.add(worker);
      return undefined;
    }
  };

  const take = async (): Promise<readonly WorkerTraces[]> => {
    const of = await Promise.all(
      instances().map(async ({ name }) => {
        const answers = await askWorkers(link, name, { kind: 'traces', ratio });
        return answers.flatMap(({ worker, told }): readonly WorkerTraces[] => {
          if (told === undefined) return [];
          const taken = read(`${name}/${worker}`, told);
          return taken === undefined || taken.traces.length === 0 ? [] : [{ hsm: name, worker, ...taken }];
        });
      }),
    );
    return of.flat();
  };

  const send = async (taken: readonly WorkerTraces[]): Promise<void> => {
    try {
      const { status } = await call(
        {
          url: new URL(url),
          ca,
          method: 'POST',
          headers: { 'content-type': 'application/json', 'user-agent': 'strongroom' },
          body: tracesRequest(taken),
          withinMs: SENT_WITHIN_MS,
          stopping,
        },
        MOST_ANSWER,
      );
      if (status < 200 || status > 299) throw new Error(`traces: the receiver answered ${status}`);
      isTrouble = false;
    } catch (error) {
      dropped += spanCount(taken);
      if (!isTrouble && !stopping.aborted) reportFailure('traces could not be sent, and are dropped', error);
      isTrouble = true;
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.aborted) {
      try {
        const taken = await take();
        if (taken.length > 0) await send(taken);
      } catch (error) {
        if (!stopping.aborted) reportFailure('traces could not be taken', error);
      }
      await pause(stopping);
    }
  };
  const running = run();
  return {
    gauges: () => [{ name: 'strongroom_trace_spans_dropped_total', value: dropped }],
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await running;
    },
  };
}

function halfSecond(stopping: AbortSignal): Promise<unknown> {
  return delay(EVERY_MS, undefined, { signal: stopping, ref: false }).catch(() => undefined);
}
