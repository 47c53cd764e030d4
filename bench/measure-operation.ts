// One row: load the product, check its answers, then measure echo and raw limit for the very same requests.
import { join } from 'node:path';
import type { Keys } from './bench-keys.ts';
import { startEchoServer } from './echo.ts';
import type { LoadGenerator } from './load/generator.ts';
import { Histogram } from './load/histogram.ts';
import type { LoadJob, LoadReport } from './load/job.ts';
import { type Watch, watchDisturbance } from './machine/disturbance.ts';
import { processTimes } from './machine/processes.ts';
import { perOperation, timesByRole } from './machine/times-by-role.ts';
import type { Operation } from './operations.ts';
import type { Hsm } from './product/hsm.ts';
import type { ReadyFile } from './product/ready-file.ts';
import { requestBytes } from './product/request-bytes.ts';
import { profileProcess } from './profile/profile.ts';
import type { RawLimit } from './raw-limit.ts';
import { bound, type Row } from './results.ts';
import { countWrong, medianLength } from './samples.ts';

export interface Setting {
  readonly hsm: Hsm;
  readonly keys: Keys;
  readonly processes: ReadyFile['processes'];
  readonly generator: LoadGenerator;
  readonly raw: RawLimit;
  readonly seconds: number;
  readonly connections: number;
  /** Folder for CPU profiles. */
  readonly profile: string | undefined;
  /** Where a product to be profiled has its sockets. */
  readonly sockets: string;
}

interface Measured {
  readonly report: LoadReport;
  readonly disturbance: ReturnType<Watch['end']>;
}

export async function measureOperation(operation: Operation, setting: Setting): Promise<Row> {
  const prepared = await operation.prepare(setting.hsm, setting.keys);
  const requests = prepared.requests.map((request) => requestBytes(request, setting.hsm));
  const base = {
    connections: setting.connections,
    warmUpMs: Math.max(1000, Math.min(2000, setting.seconds * 500)),
    measureMs: setting.seconds * 1000,
    requests,
  };
  const { product, cpuMicros } = await loadProduct(operation, setting, { ...setting.hsm.endpoint, ...base });
  const wrong = await countWrong(prepared, product.report.samples);
  const answerBytes = medianLength(product.report.samples);
  const echoJob = { ...base, serverName: setting.hsm.endpoint.serverName };
  const echo = await loadEcho(setting.generator, answerBytes, echoJob, false);
  const shorter = { ...echoJob, measureMs: Math.min(2000, base.measureMs) };
  const bursting = await loadEcho(setting.generator, answerBytes, shorter, true);
  const watch = watchDisturbance();
  const c = operation.raw && (await setting.raw.measure(operation.raw, Math.min(2, setting.seconds)));
  const raw = c === undefined ? { foreign: 0, stolen: 0 } : watch.end();

  const latencies = Histogram.from(product.report.latencies);
  const e = rate(echo.report);
  const b = bound(c, e);
  const opsPerSecond = rate(product.report);
  return {
    name: operation.name,
    title: operation.title,
    opsPerSecond,
    p50Ms: latencies.quantile(0.5) / 1000,
    p99Ms: latencies.quantile(0.99) / 1000,
    ...(c === undefined ? {} : { c }),
    e,
    burstingE: rate(bursting.report),
    echoMicros: { plain: echo.cpuMicros, bursting: bursting.cpuMicros },
    b,
    ratio: opsPerSecond / b,
    target: operation.target,
    ...(operation.floor === undefined ? {} : { floor: operation.floor }),
    answerBytes,
    answers: product.report.answers,
    checked: product.report.samples.length,
    wrong,
    errors: {
      ...product.report.errors,
      ...prefixed('echo: ', echo.report.errors),
      ...prefixed('bursting echo: ', bursting.report.errors),
    },
    cpuMicros,
    disturbance: {
      product: product.disturbance,
      echo: echo.disturbance,
      bursting: bursting.disturbance,
      raw,
    },
  };
}

/** Processor time is per operation, by role. */
export async function loadProduct(
  operation: Pick<Operation, 'name'>,
  setting: Pick<Setting, 'processes' | 'generator' | 'profile' | 'sockets' | 'seconds'>,
  job: LoadJob,
): Promise<{ readonly product: Measured; readonly cpuMicros: Record<string, number> }> {
  let before: Readonly<Record<string, number>> = {};
  const worker = setting.processes.find(({ role }) => /service/.test(role));
  let profiled: Promise<void> | undefined;
  const product = await load(setting.generator, job, () => {
    before = timesByRole(setting.processes);
    if (setting.profile === undefined || worker === undefined) return;
    const file = join(setting.profile, `${operation.name}.cpuprofile`);
    profiled = profileProcess(setting.sockets, worker.pid, setting.seconds * 900, file);
    profiled.catch(() => undefined); // awaited below, once the load is over
  });
  const after = timesByRole(setting.processes);
  await profiled;
  const { completed, cpuMicros: generator } = product.report;
  const cpuMicros = perOperation({ generator: 0, ...before }, { generator, ...after }, completed);
  return { product, cpuMicros };
}

async function loadEcho(
  generator: LoadGenerator,
  answerBytes: number,
  job: Omit<LoadJob, 'host' | 'port' | 'ca'>,
  bursting: boolean,
): Promise<Measured & { readonly cpuMicros: number }> {
  await using echo = await startEchoServer(job.serverName, answerBytes, { bursting });
  const used = (): number => echo.pids.reduce((sum, pid) => sum + (processTimes(pid)?.ownMicros ?? Number.NaN), 0);
  let before = 0;
  const measured = await load(generator, { ...job, host: '127.0.0.1', port: echo.port, ca: echo.ca }, () => {
    before = used();
  });
  return { ...measured, cpuMicros: (used() - before) / measured.report.completed };
}

async function load(generator: LoadGenerator, job: LoadJob, onWarm: () => void): Promise<Measured> {
  let watch = watchDisturbance();
  const report = await generator.run(job, () => {
    watch = watchDisturbance();
    onWarm();
  });
  return { report, disturbance: watch.end() };
}

export function rate(report: LoadReport): number {
  return (report.completed * 1000) / report.elapsedMs;
}

function prefixed(prefix: string, errors: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(errors).map(([name, count]) => [prefix + name, count]));
}
