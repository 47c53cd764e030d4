// One row: load the product, check its answers, then measure echo and raw limit for the very same requests.
import { join } from 'node:path';
import type { Keys } from './bench-keys.ts';
import { type EchoServer, startEchoServer } from './echo.ts';
import type { LoadGenerator } from './load/generator.ts';
import { Histogram } from './load/histogram.ts';
import type { LoadJob, LoadReport } from './load/job.ts';
import { joinReports } from './load/join-reports.ts';
import { type Disturbance, meanDisturbance, UNDISTURBED, watchDisturbance } from './machine/disturbance.ts';
import { processTimes } from './machine/processes.ts';
import { perOperation, timesByRole } from './machine/times-by-role.ts';
import { median } from './median.ts';
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
  readonly disturbance: Disturbance;
}

/**
 * Product, echo and raw limit in turn, about so long: a machine that others share is faster in one second than in the next, and what is
 * compared must have had the same seconds. A profile is of one round.
 */
const ROUND_MS = 500;
/** Of each round but the first, in which code is still being compiled. */
const NEXT_WARM_UP_MS = 300;

interface Round {
  readonly product: Measured;
  readonly cpuMicros: Readonly<Record<string, number>>;
  readonly echo: EchoMeasured;
  readonly bursting: EchoMeasured;
  readonly c: number | undefined;
  readonly raw: Disturbance;
}

export async function measureOperation(operation: Operation, setting: Setting): Promise<Row> {
  const prepared = await operation.prepare(setting.hsm, setting.keys);
  const requests = prepared.requests.map((request) => requestBytes(request, setting.hsm));
  const count = setting.profile === undefined ? Math.ceil((setting.seconds * 1000) / ROUND_MS) : 1;
  const base = {
    connections: setting.connections,
    warmUpMs: Math.max(1000, Math.min(2000, setting.seconds * 500)),
    measureMs: (setting.seconds * 1000) / count,
    requests,
  };
  // What the answers are like, so that the echo's are as long; and the code is compiled.
  const first = await setting.generator.run({ ...setting.hsm.endpoint, ...base, measureMs: 500 });
  const answerBytes = medianLength(first.samples);
  const serverName = setting.hsm.endpoint.serverName;
  await using echo = await startEchoServer(serverName, answerBytes);
  await using bursting = await startEchoServer(serverName, answerBytes, { bursting: true });

  const rounds: Round[] = [];
  for (let round = 0; round < count; round += 1) {
    const job = { ...base, warmUpMs: round === 0 ? base.warmUpMs : NEXT_WARM_UP_MS };
    const loaded = await loadProduct(operation, setting, { ...setting.hsm.endpoint, ...job });
    const echoJob = { ...job, serverName };
    const echoed = await loadEcho(setting.generator, echo, echoJob);
    const burst = await loadEcho(setting.generator, bursting, {
      ...echoJob,
      measureMs: Math.min(2000 / count, job.measureMs),
    });
    const watch = watchDisturbance();
    const c = operation.raw && (await setting.raw.measure(operation.raw, Math.min(2, setting.seconds) / count));
    const raw = c === undefined ? UNDISTURBED : watch.end();
    rounds.push({ ...loaded, echo: echoed, bursting: burst, c, raw });
  }

  const product = joinReports(rounds.map((round) => round.product.report));
  const samples = [...first.samples, ...product.samples];
  const latencies = Histogram.from(product.latencies);
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  const boundOf = (round: Round): number => bound(round.c, rate(round.echo.report));
  const ratios = rounds.map((round) => rate(round.product.report) / boundOf(round));
  const disturbanceOf = (of: (round: Round) => Disturbance): Disturbance => meanDisturbance(rounds.map(of));
  return {
    name: operation.name,
    title: operation.title,
    opsPerSecond: middle((round) => rate(round.product.report)),
    p50Ms: latencies.quantile(0.5) / 1000,
    p99Ms: latencies.quantile(0.99) / 1000,
    ...(operation.raw === undefined ? {} : { c: middle(({ c }) => c ?? Number.NaN) }),
    e: middle((round) => rate(round.echo.report)),
    burstingE: middle((round) => rate(round.bursting.report)),
    echoMicros: {
      plain: middle((round) => round.echo.cpuMicros),
      bursting: middle((round) => round.bursting.cpuMicros),
    },
    b: middle(boundOf),
    ratio: median(ratios),
    ratios,
    target: operation.target,
    ...(operation.floor === undefined ? {} : { floor: operation.floor }),
    answerBytes,
    answers: first.answers + product.answers,
    checked: samples.length,
    wrong: await countWrong(prepared, samples),
    errors: {
      ...joinReports([first, product]).errors,
      ...prefixed('echo: ', joinReports(rounds.map((round) => round.echo.report)).errors),
      ...prefixed('bursting echo: ', joinReports(rounds.map((round) => round.bursting.report)).errors),
    },
    cpuMicros: Object.fromEntries(
      Object.keys(rounds[0]?.cpuMicros ?? {}).map((role) => [
        role,
        middle(({ cpuMicros }) => cpuMicros[role] ?? Number.NaN),
      ]),
    ),
    disturbance: {
      product: disturbanceOf((round) => round.product.disturbance),
      echo: disturbanceOf((round) => round.echo.disturbance),
      bursting: disturbanceOf((round) => round.bursting.disturbance),
      raw: disturbanceOf((round) => round.raw),
    },
  };
}

/** Processor time is per operation, by role. */
export async function loadProduct(
  operation: Pick<Operation, 'name'>,
  setting: Pick<Setting, 'processes' | 'generator' | 'profile' | 'sockets'>,
  job: LoadJob,
): Promise<{ readonly product: Measured; readonly cpuMicros: Record<string, number> }> {
  let before: Readonly<Record<string, number>> = {};
  const worker = setting.processes.find(({ role }) => /service/.test(role));
  let profiled: Promise<void> | undefined;
  const product = await load(setting.generator, job, () => {
    before = timesByRole(setting.processes);
    if (setting.profile === undefined || worker === undefined) return;
    const file = join(setting.profile, `${operation.name}.cpuprofile`);
    profiled = profileProcess(setting.sockets, worker.pid, job.measureMs * 0.9, file);
    profiled.catch(() => undefined); // awaited below, once the load is over
  });
  const after = timesByRole(setting.processes);
  await profiled;
  const { completed, cpuMicros: generator } = product.report;
  const cpuMicros = perOperation({ generator: 0, ...before }, { generator, ...after }, completed);
  return { product, cpuMicros };
}

type EchoMeasured = Measured & { readonly cpuMicros: number };

async function loadEcho(
  generator: LoadGenerator,
  { port, ca, pids }: EchoServer,
  job: Omit<LoadJob, 'host' | 'port' | 'ca'>,
): Promise<EchoMeasured> {
  const used = (): number => pids.reduce((sum, pid) => sum + (processTimes(pid)?.ownMicros ?? Number.NaN), 0);
  let before = 0;
  const measured = await load(generator, { ...job, host: '127.0.0.1', port, ca }, () => {
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
