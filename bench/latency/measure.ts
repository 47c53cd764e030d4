// One operation: alone, beside its parts; then at half of the rate that the product can carry.
import type { Keys } from '../bench-keys.ts';
import { type EchoServer, startEchoServer } from '../echo.ts';
import type { LoadGenerator } from '../load/generator.ts';
import { Histogram, type HistogramRecord } from '../load/histogram.ts';
import type { LoadJob, LoadReport } from '../load/job.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { perOperation, timesByRole } from '../machine/times-by-role.ts';
import { median } from '../median.ts';
import type { Operation } from '../operations.ts';
import type { Hsm } from '../product/hsm.ts';
import type { ReadyFile } from '../product/ready-file.ts';
import { requestBytes } from '../product/request-bytes.ts';
import type { RawLimit } from '../raw-limit.ts';
import { countWrong, medianLength } from '../samples.ts';
import { durableWrites } from './durable-writes.ts';
import type { LatencyRow, LoneRound, Quantiles } from './results.ts';

export interface LatencySetting {
  readonly hsm: Hsm;
  readonly keys: Keys;
  readonly processes: ReadyFile['processes'];
  readonly generator: LoadGenerator;
  readonly raw: RawLimit;
  readonly seconds: number;
  readonly connections: number;
  /** On the disk that the product writes to. */
  readonly folder: string;
}

const ROUNDS = 5;
/** Of half load, product and echo in turn. */
const HALF_ROUNDS = 3;
const RAW_SECONDS = 0.1;

export async function measureLatency(operation: Operation, setting: LatencySetting): Promise<LatencyRow> {
  const { hsm, generator, seconds, connections } = setting;
  const prepared = await operation.prepare(hsm, setting.keys);
  const requests = prepared.requests.map((request) => requestBytes(request, hsm));
  const job: LoadJob = { ...hsm.endpoint, requests, connections, warmUpMs: 1000, measureMs: seconds * 1000 };
  // First, so that what is not compiled yet is, and an answer's length is known to the echo.
  const peak = await generator.run(job);
  await using echo = await startEchoServer(job.serverName, medianLength(peak.samples));
  const loneWatch = watchDisturbance();
  const lone = await measureLone(operation, setting, job, echo);
  const loneDisturbance = loneWatch.end();
  const halfWatch = watchDisturbance();
  const half = await measureHalf(generator, job, echo);
  const reports = [peak, ...lone.reports, ...half.reports];
  const samples = reports.flatMap((report) => report.samples);
  return {
    name: operation.name,
    title: operation.title,
    ...lone.row,
    ...half.row,
    checked: samples.length,
    wrong: await countWrong(prepared, samples),
    errors: sumOf(reports.map(({ errors }) => errors)),
    disturbance: { lone: loneDisturbance, half: halfWatch.end() },
  };
}

interface Lone {
  readonly row: Pick<LatencyRow, 'rounds' | 'lone' | 'echo' | 'sync' | 'requests' | 'cpuMicros'>;
  /** Of the product. */
  readonly reports: readonly LoadReport[];
}

async function measureLone(
  operation: Operation,
  setting: LatencySetting,
  job: LoadJob,
  echo: EchoServer,
): Promise<Lone> {
  const { generator, processes } = setting;
  const one = { ...job, connections: 1, warmUpMs: 200, measureMs: job.measureMs / ROUNDS };
  const rounds: LoneRound[] = [];
  const reports: LoadReport[] = [];
  const seen: Record<'echo' | 'sync', HistogramRecord[]> = { echo: [], sync: [] };
  const used: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    let before = timesByRole(processes);
    const product = await generator.run(one, () => {
      before = timesByRole(processes);
    });
    const spent = { ...perOperation(before, timesByRole(processes), 1), generator: product.cpuMicros };
    for (const [role, micros] of Object.entries(spent)) used[role] = (used[role] ?? 0) + micros;
    const echoed = await generator.run({ ...one, ...addressOf(echo) });
    const sync = durableWrites(setting.folder).toRecord();
    const perSecond = operation.raw && (await setting.raw.measure(operation.raw, RAW_SECONDS, 1));
    reports.push(product);
    seen.echo.push(echoed.latencies);
    seen.sync.push(sync);
    rounds.push({
      product: quantiles(product.latencies).p50,
      echo: quantiles(echoed.latencies).p50,
      crypto: perSecond === undefined ? 0 : 1e6 / perSecond,
      sync: quantiles(sync).p50,
    });
  }
  const requests = reports.reduce((sum, { completed }) => sum + completed, 0);
  return {
    row: {
      rounds,
      lone: quantiles(...reports.map(({ latencies }) => latencies)),
      echo: quantiles(...seen.echo),
      sync: quantiles(...seen.sync),
      requests,
      cpuMicros: perOperation(Object.fromEntries(Object.keys(used).map((role) => [role, 0])), used, requests),
    },
    reports,
  };
}

interface Half {
  readonly row: Pick<LatencyRow, 'peakPerSecond' | 'half'>;
  /** Of the product. */
  readonly reports: readonly LoadReport[];
}

/** In each round the peak of that moment, and as many as half of it from the product and from the echo. */
async function measureHalf(generator: LoadGenerator, job: LoadJob, echo: EchoServer): Promise<Half> {
  const slice = { ...job, warmUpMs: 300, measureMs: job.measureMs / HALF_ROUNDS };
  const reports: LoadReport[] = [];
  const seen: Record<'product' | 'echo', HistogramRecord[]> = { product: [], echo: [] };
  const peaks: number[] = [];
  let unsent = 0;
  for (let round = 0; round < HALF_ROUNDS; round += 1) {
    const peak = await generator.run(slice);
    const peakPerSecond = (peak.completed * 1000) / peak.elapsedMs;
    const paced = { ...slice, perSecond: peakPerSecond / 2 };
    const product = await generator.run(paced);
    const echoed = await generator.run({ ...paced, ...addressOf(echo) });
    reports.push(peak, product);
    seen.product.push(product.latencies);
    seen.echo.push(echoed.latencies);
    peaks.push(peakPerSecond);
    unsent = Math.max(unsent, product.unsent);
  }
  const peakPerSecond = median(peaks);
  const [product, echoed] = [quantiles(...seen.product), quantiles(...seen.echo)];
  const half = {
    perSecond: peakPerSecond / 2,
    p50Ms: product.p50 / 1000,
    p99Ms: product.p99 / 1000,
    echoP99Ms: echoed.p99 / 1000,
    unsent,
  };
  return { row: { peakPerSecond, half }, reports };
}

function addressOf({ port, ca }: EchoServer): Pick<LoadJob, 'host' | 'port' | 'ca'> {
  return { host: '127.0.0.1', port, ca };
}

function quantiles(...records: readonly HistogramRecord[]): Quantiles {
  const latencies = Histogram.from(...records);
  return { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99) };
}

function sumOf(each: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [what, times] of each.flatMap(Object.entries<number>)) sum[what] = (sum[what] ?? 0) + times;
  return sum;
}
