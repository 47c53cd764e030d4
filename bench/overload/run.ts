// What becomes of an instance that far more is asked of than it can do: what it still serves, how long that takes, whether it says
// that it is well, and whether all of its processes live on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunningState } from '../../src/deployment/running-state.ts';
import { createKeys } from '../bench-keys.ts';
import { runCrowd } from '../crowd/crowd.ts';
import type { CrowdJob, CrowdReport } from '../crowd/job.ts';
import { Histogram } from '../load/histogram.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { memoryOfAll } from '../machine/process-memory.ts';
import { processTimes } from '../machine/processes.ts';
import { operations } from '../operations.ts';
import { connectHsm } from '../product/hsm.ts';
import { type Product, startProduct } from '../product/product.ts';
import { requestBytes } from '../product/request-bytes.ts';
import { type HealthSeen, healthQuestions, watchHealth } from './health.ts';

export interface OverloadOptions {
  readonly connections: number;
  readonly seconds: number;
}

export interface OverloadRow {
  readonly name: string;
  /** Whether clients wait after a refusal as they are told. */
  readonly heeding: boolean;
  /** Served in a second, with few connections before and after, and with many. */
  readonly peak: number;
  readonly goodput: number;
  readonly refusedPerSecond: number;
  readonly connected: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly refusalP99Ms: number;
  readonly health: readonly HealthSeen[];
  readonly errors: Readonly<Record<string, number>>;
  readonly workerKiB: number;
  readonly died: readonly string[];
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

/** At which the product is fastest; more in flight only wait. */
const FEW = 64;
const MEASURED = ['a256gcm', 'rs256'];
const RETRY_AFTER_MS = 1_000;

export async function runOverloadBench(
  { connections, seconds }: OverloadOptions,
  progress: (text: string) => void,
): Promise<readonly OverloadRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-overload-'));
  try {
    await using product = await startProduct(folder, 'overload', [], ['--health-port', '0']);
    const listener = readRunningState(join(folder, 'data'))?.health;
    if (listener === undefined) throw new Error('nobody listens for questions of health');
    const hsm = await connectHsm(product);
    const questions = healthQuestions(hsm.endpoint, listener);
    const keys = await createKeys(hsm);
    const rows: OverloadRow[] = [];
    for (const operation of operations.filter(({ name }) => MEASURED.includes(name))) {
      const { requests } = await operation.prepare(hsm, keys);
      const job = {
        ...hsm.endpoint,
        opening: 32,
        warmUpMs: 1_000,
        measureMs: seconds * 1000,
        requests: requests.map((request) => requestBytes(request, hsm)),
      };
      for (const heeding of [true, false]) {
        progress(
          `${operation.title}, ${connections} connections of clients that ${heeding ? 'heed' : 'ignore'} refusals`,
        );
        const crowd = { ...job, connections, waitMs: heeding ? RETRY_AFTER_MS : 0 };
        rows.push({ name: operation.title, heeding, ...(await overloaded(product, crowd, questions)) });
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function overloaded(
  product: Product,
  crowd: CrowdJob,
  questions: Parameters<typeof watchHealth>[0],
): Promise<Omit<OverloadRow, 'name' | 'heeding'>> {
  const watch = watchDisturbance();
  const few = { ...crowd, connections: FEW, measureMs: crowd.measureMs / 2 };
  const before = await runCrowd(few);
  let seen: ReturnType<typeof watchHealth> | undefined;
  let memory = 0;
  const many = await runCrowd(crowd, () => {
    seen = watchHealth(questions);
    memory = memoryOfAll(product.ready.processes).find(({ role }) => role.startsWith('service'))?.rssKiB ?? Number.NaN;
  });
  const health = (await seen?.()) ?? [];
  const after = await runCrowd(few);
  const latencies = Histogram.from(many.latencies);
  return {
    peak: (rate(before) + rate(after)) / 2,
    goodput: rate(many),
    refusedPerSecond: (many.refused * 1000) / many.elapsedMs,
    connected: many.connected,
    p50Ms: latencies.quantile(0.5) / 1000,
    p99Ms: latencies.quantile(0.99) / 1000,
    worstMs: latencies.quantile(1) / 1000,
    refusalP99Ms: Histogram.from(many.refusals).quantile(0.99) / 1000,
    health,
    errors: { ...before.errors, ...many.errors, ...after.errors },
    workerKiB: memory,
    died: product.ready.processes.filter(({ pid }) => processTimes(pid) === undefined).map(({ role }) => role),
    disturbance: watch.end(),
  };
}

function rate({ served, elapsedMs }: CrowdReport): number {
  return (served * 1000) / elapsedMs;
}
