// A long run under full load of all operations together, in slices: each opens its connections anew, so that what a connection
// leaves behind is seen as well.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeys, type Keys } from '../bench-keys.ts';
import { type LoadGenerator, startLoadGenerator } from '../load/generator.ts';
import { Histogram } from '../load/histogram.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { environment } from '../machine/environment.ts';
import { memoryOf } from '../machine/processes.ts';
import { operations, type Prepared } from '../operations.ts';
import { connectHsm, type Hsm } from '../product/hsm.ts';
import { startProduct } from '../product/product.ts';
import type { ReadyFile } from '../product/ready-file.ts';
import { requestBytes } from '../product/request-bytes.ts';
import { countWrong } from '../samples.ts';
import type { Slice, SoakResults } from './results.ts';

const CONNECTIONS = 64;
const SLICES = 60;
/** A longer run has more slices instead. */
const LONGEST_SLICE_MS = 60_000;
const WARM_UP_MS = 300;
/** Longer than the recorder takes to its next checkpoint: until then it holds files open, the more the more was answered. */
const REST_MS = 1500;

export async function runSoak(minutes: number, progress: (text: string) => void): Promise<SoakResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-soak-'));
  try {
    progress('start');
    await using product = await startProduct(folder, 'only');
    const hsm = await connectHsm(product);
    const prepared = await prepareAll(hsm, await createKeys(hsm));
    await using generator = startLoadGenerator();
    const sliceMs = Math.min(LONGEST_SLICE_MS, (minutes * 60_000) / SLICES);
    const watch = watchDisturbance();
    const slices: Slice[] = [];
    for (const end = performance.now() + minutes * 60_000; performance.now() < end; ) {
      slices.push(await runSlice(sliceMs, { hsm, prepared, generator, processes: product.ready.processes }));
      if (slices.length % 6 === 0) progress(`${slices.length} slices of ${(sliceMs / 1000).toFixed(1)} s`);
    }
    const disturbance = watch.end();
    return { environment: environment(), minutes, connections: CONNECTIONS, slices, disturbance };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The requests of all operations, one of each in turn. */
async function prepareAll(hsm: Hsm, keys: Keys): Promise<Prepared> {
  const each = await Promise.all(operations.map((operation) => operation.prepare(hsm, keys)));
  const rounds = Math.max(...each.map(({ requests }) => requests.length));
  const mixed = Array.from({ length: rounds }, (_, round) =>
    each.map(({ requests, check }) => {
      const index = round % requests.length;
      return { request: requests.slice(index, index + 1), check: check.bind(undefined, index) };
    }),
  ).flat();
  return {
    requests: mixed.flatMap(({ request }) => request),
    check: (index, answer) => mixed[index]?.check(answer) ?? false,
  };
}

interface Soaked {
  readonly hsm: Hsm;
  readonly prepared: Prepared;
  readonly generator: LoadGenerator;
  readonly processes: ReadyFile['processes'];
}

async function runSlice(sliceMs: number, { hsm, prepared, generator, processes }: Soaked): Promise<Slice> {
  const measureMs = Math.max(100, sliceMs - WARM_UP_MS);
  const requests = prepared.requests.map((request) => requestBytes(request, hsm));
  const underLoad = Promise.withResolvers<Slice['pssMiB']>();
  const job = { ...hsm.endpoint, connections: CONNECTIONS, warmUpMs: WARM_UP_MS, measureMs, requests };
  const report = await generator.run(job, () => {
    setTimeout(() => underLoad.resolve(Promise.resolve().then(() => memoryByRole(processes))), measureMs / 2);
  });
  const pssMiB = await underLoad.promise;
  await sleep(REST_MS);
  return {
    answers: report.answers,
    perSecond: (report.completed * 1000) / report.elapsedMs,
    p99Ms: Histogram.from(report.latencies).quantile(0.99) / 1000,
    pssMiB,
    descriptors: countByRole(processes, 'fd'),
    threads: countByRole(processes, 'task'),
    checked: report.samples.length,
    wrong: await countWrong(prepared, report.samples),
    errors: report.errors,
  };
}

/** @throws when a process has gone: it ended in the course of the run */
function memoryByRole(processes: Soaked['processes']): Slice['pssMiB'] {
  return byRole(processes, (role, pid) => {
    const memory = memoryOf(pid);
    if (memory === undefined) throw new Error(`the process ${role} has ended`);
    return (memory.pssKiB ?? memory.rssKiB) / 1024;
  });
}

function countByRole(processes: Soaked['processes'], folder: 'fd' | 'task'): Readonly<Record<string, number>> {
  return byRole(processes, (_, pid) => readdirSync(`/proc/${pid}/${folder}`).length);
}

function byRole(
  processes: Soaked['processes'],
  of: (role: string, pid: number) => number,
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { role, pid } of processes) {
    const kind = role.replace(/[.:][0-9]+$/, '');
    sums[kind] = (sums[kind] ?? 0) + of(role, pid);
  }
  return sums;
}
