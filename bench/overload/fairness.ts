// What one principal at full blast does to another who asks one thing at a time: the latency of the quiet one, alone and beside.
// Both are measured in turn within seconds, several times, so that what else the machine does falls on both.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeys } from '../bench-keys.ts';
import { runCrowd } from '../crowd/crowd.ts';
import type { CrowdJob } from '../crowd/job.ts';
import { Histogram, type HistogramRecord } from '../load/histogram.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { operations } from '../operations.ts';
import type { Hsm } from '../product/hsm.ts';
import { startProduct } from '../product/product.ts';
import { requestBytes } from '../product/request-bytes.ts';
import { twoPrincipals } from './principals.ts';

export interface FairnessRow {
  readonly quiet: string;
  readonly blasting: string;
  readonly blastPerSecond: number;
  readonly aloneP50Ms: number;
  readonly aloneP99Ms: number;
  readonly besideP50Ms: number;
  readonly besideP99Ms: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

/** Whose p99 is this many times what it is alone is not served fairly. */
export const MOST_TIMES = 3;
const BLASTING = 64;
const ROUNDS = 3;
/** The quiet one, and who blasts. */
const PAIRS = [
  ['a256gcm', 'rs256'],
  ['rs256', 'a256gcm'],
  ['a256gcm', 'a256gcm'],
] as const;

export async function runFairnessBench(
  seconds: number,
  progress: (text: string) => void,
): Promise<readonly FairnessRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-fairness-'));
  try {
    await using product = await startProduct(folder, 'fairness');
    const { first, second } = await twoPrincipals(product, join(folder, 'data'));
    const keys = await createKeys(first);
    const rows: FairnessRow[] = [];
    for (const [quiet, blasting] of PAIRS) {
      const job = async (name: string, hsm: Hsm, connections: number): Promise<CrowdJob> => {
        const { requests } = await operationOf(name).prepare(first, keys);
        const bytes = requests.map((request) => requestBytes(request, hsm));
        return { ...hsm.endpoint, connections, opening: 64, warmUpMs: 0, measureMs: 0, waitMs: 1_000, requests: bytes };
      };
      progress(`${operationOf(quiet).title} beside ${operationOf(blasting).title}`);
      rows.push(
        await measure(await job(quiet, second, 1), await job(blasting, first, BLASTING), seconds, [quiet, blasting]),
      );
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  quiet: CrowdJob,
  blast: CrowdJob,
  seconds: number,
  [quietName, blastName]: readonly [string, string],
): Promise<FairnessRow> {
  const measureMs = (seconds * 1000) / ROUNDS;
  const own = { ...quiet, warmUpMs: 300, measureMs, isElsewhere: true };
  const alone: HistogramRecord[] = [];
  const beside: HistogramRecord[] = [];
  const errors: Record<string, number> = {};
  const watch = watchDisturbance();
  let blasts = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = await runCrowd(own);
    const warm = Promise.withResolvers<void>();
    // Longer than the quiet one needs to start and to be measured.
    const blasting = runCrowd({ ...blast, warmUpMs: 500, measureMs: measureMs + 1_000 }, () => warm.resolve());
    await Promise.race([warm.promise, blasting]);
    const during = await runCrowd(own);
    const { served, elapsedMs, errors: lost } = await blasting;
    blasts += (served * 1000) / elapsedMs / ROUNDS;
    alone.push(before.latencies);
    beside.push(during.latencies);
    Object.assign(errors, before.errors, during.errors, lost);
  }
  const [left, right] = [Histogram.from(alone.flat()), Histogram.from(beside.flat())];
  return {
    quiet: operationOf(quietName).title,
    blasting: operationOf(blastName).title,
    blastPerSecond: blasts,
    aloneP50Ms: left.quantile(0.5) / 1000,
    aloneP99Ms: left.quantile(0.99) / 1000,
    besideP50Ms: right.quantile(0.5) / 1000,
    besideP99Ms: right.quantile(0.99) / 1000,
    errors,
    disturbance: watch.end(),
  };
}

function operationOf(name: string) {
  const found = operations.find((operation) => operation.name === name);
  if (found === undefined) throw new RangeError(`no operation ${name}`);
  return found;
}
