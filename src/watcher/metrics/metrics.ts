// The figures of all instances, asked for when somebody wants them. A worker that does not tell its own in time is named as one that
// did not, and nobody waits for it.
import { randomUUID } from 'node:crypto';
import { metricTable } from '../../formats/metric-table.ts';
import { reportFailure } from '../../http/report-failure.ts';
import { errorCodes } from '../../http/service-error.ts';
import type { Link } from '../../links/link.ts';
import type { WatchedInstance } from '../../links/watcher-messages.ts';
import { readWorkerMetrics, type WorkerMetrics } from '../../links/worker-metrics.ts';
import { askWorkers } from '../ask-workers.ts';
import { Counted } from './counted.ts';
import { exposition, merged, type WatchedSample } from './exposition.ts';

export interface MetricsOptions {
  readonly link: Pick<Link, 'request'>;
  readonly instances: () => readonly Pick<WatchedInstance, 'name' | 'activation' | 'workers'>[];
  /** What the parts of the watcher say: values now, and what they have counted since it began. */
  readonly gauges: () => readonly WatchedSample[];
}

interface Answer {
  readonly hsm: string;
  readonly worker: number;
  readonly metrics: WorkerMetrics | undefined;
}

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** For whoever asks. */
export interface Metrics {
  /** What Prometheus reads. */
  text(): Promise<MetricsText>;
  /** Values now. */
  figures(): Promise<readonly WatchedSample[]>;
}

export function openMetrics({ link, instances, gauges }: MetricsOptions): Metrics {
  const counted = new Counted();
  /** Answers of one question are for all who ask meanwhile. */
  let asking: Promise<readonly WatchedSample[]> | undefined;

  const askAll = async (hsm: string): Promise<readonly Answer[]> =>
    (await askWorkers(link, hsm, { kind: 'metrics' })).map(({ worker, told }) => ({
      hsm,
      worker,
      metrics: told === undefined ? undefined : read(hsm, told),
    }));

  const collect = async (): Promise<readonly WatchedSample[]> => {
    const all = instances();
    const answers = (await Promise.all(all.map(({ name }) => askAll(name)))).flat();
    const told = answers.flatMap(({ hsm, metrics }) => (metrics === undefined ? [] : [{ hsm, metrics }]));
    const own = gauges();
    counted.take([...told, { metrics: ownCounters(own) }]);
    const states: readonly WatchedSample[] = [
      { name: 'strongroom_process_resident_memory_bytes', labels: OWN, value: process.memoryUsage.rss() },
      ...all.map(
        ({ name, activation, workers }): WatchedSample => ({
          name: 'strongroom_instance_up',
          hsm: name,
          value: activation === 'Active' && workers.ready > 0 ? 1 : 0,
        }),
      ),
      ...answers.map(
        ({ hsm, worker, metrics }): WatchedSample => ({
          name: 'strongroom_worker_up',
          hsm,
          labels: { worker: String(worker) },
          value: metrics === undefined ? 0 : 1,
        }),
      ),
    ];
    const said = told.flatMap(({ hsm, metrics }) => metrics.samples.map((each) => ({ ...each, hsm })));
    return merged([...states, ...own, ...said]);
  };

  const figures = (): Promise<readonly WatchedSample[]> => {
    asking ??= collect().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return { figures, text: async () => exposition(await figures(), counted) };
}

const OWN = { process: 'watcher' };
const EPOCH = randomUUID();

function ownCounters(more: readonly WatchedSample[]): WorkerMetrics {
  const { user, system } = process.cpuUsage();
  const value = (user + system) / 1e6;
  const cpu = { name: 'strongroom_process_cpu_seconds_total', labels: OWN, value } as const;
  const samples = [cpu, ...more.filter(({ name }) => metricTable[name].type === 'counter')].map(
    ({ hsm, labels, ...rest }: WatchedSample) => ({
      ...rest,
      labels: { ...(hsm === undefined ? {} : { hsm }), ...labels },
    }),
  );
  return { epoch: EPOCH, toldBefore: false, samples, histograms: [] };
}

function read(hsm: string, metrics: unknown): WorkerMetrics | undefined {
  try {
    return readWorkerMetrics(metrics, errorCodes);
  } catch (error) {
    reportFailure(`the figures of a worker of '${hsm}' cannot be read`, error);
    return undefined;
  }
}
