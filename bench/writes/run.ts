// A whole run: products with as many keys as asked, side by side, each change measured on all of them in turn, and small
// operations beside the making of RSA keys.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeys, type Keys } from '../bench-keys.ts';
import { fillStore } from '../keys/fill.ts';
import { openTimedClient, type TimedClient } from '../keys/timed-client.ts';
import { startLoadGenerator } from '../load/generator.ts';
import { Histogram } from '../load/histogram.ts';
import type { LoadJob, LoadReport } from '../load/job.ts';
import { environment } from '../machine/environment.ts';
import { loadProduct, rate, type Setting } from '../measure-operation.ts';
import { operations } from '../operations.ts';
import { connectHsm, type Hsm } from '../product/hsm.ts';
import { INSTANCE, type Product, startProduct } from '../product/product.ts';
import { requestBytes } from '../product/request-bytes.ts';
import { profilingFlags } from '../profile/profile.ts';
import { auditLogSize, seeAuditGrowth } from '../protections.ts';
import { type RawLimit, rawLimit } from '../raw-limit.ts';
import { countWrong } from '../samples.ts';
import { BESIDE, type WritesOptions } from './arguments.ts';
import { numberedRequest } from './numbered-requests.ts';
import type { BesideResults, WriteRound, WriteRow, WritesResults } from './results.ts';
import { syncRate } from './sync-rate.ts';
import { type Numbers, RUN, type Write, writes } from './writes.ts';

/** An RSA key takes now half and now twice the mean: a hundred of them are good to about 6 %. */
const RAW_SECONDS = 5;
/** Connections over which RSA keys are made beside other work. */
const MAKERS = 4;

interface Target {
  readonly keys: number;
  readonly product: Product;
  readonly hsm: Hsm;
  readonly made: Keys;
  readonly client: TimedClient;
  readonly data: string;
  readonly entriesBefore: number | undefined;
}

type Loading = Pick<Setting, 'generator' | 'profile' | 'seconds'>;

export async function runWritesBench(options: WritesOptions, progress: (text: string) => void): Promise<WritesResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-writes-'));
  try {
    const raw = await rawLimit(folder);
    await using stack = new AsyncDisposableStack();
    const targets: Target[] = [];
    for (const keys of options.sizes) targets.push(await startTarget(folder, keys, options, stack, progress));
    if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });
    await using generator = startLoadGenerator();
    const loading: Loading = { generator, profile: options.profile, seconds: options.seconds };
    const rows: WriteRow[] = [];
    let runs = 0;
    for (const write of writes.filter(({ name }) => options.names.includes(name))) {
      const rounds: WriteRound[] = [];
      for (let round = 1; round <= options.rounds; round += 1) {
        progress(`${write.title}, round ${round}`);
        for (const target of targets) {
          runs += 1;
          const run = String(runs).padStart(6, '0');
          rounds.push({
            keys: target.keys,
            ...(await measureWrite(write, run, target, options.connections, loading, raw)),
          });
        }
      }
      rows.push({ name: write.name, title: write.title, against: write.against, rounds });
    }
    progress('RSA keys beside small operations');
    const [first] = targets;
    const beside =
      options.names.includes(BESIDE) && first !== undefined ? await measureBeside(first, options, loading) : undefined;
    const audit = [];
    for (const { data, entriesBefore, keys } of targets) {
      const answers = rows
        .flatMap(({ rounds }) => rounds)
        .filter((round) => round.keys === keys)
        .reduce((sum, each) => sum + each.answers, 0);
      audit.push(await seeAuditGrowth(() => auditLogSize(data), entriesBefore, answers));
    }
    return {
      environment: environment(),
      rawMethod: raw.method,
      seconds: options.seconds,
      connections: options.connections,
      sizes: options.sizes,
      rows,
      ...(beside === undefined ? {} : { beside }),
      audit,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startTarget(
  folder: string,
  keys: number,
  { profile }: WritesOptions,
  stack: AsyncDisposableStack,
  progress: (text: string) => void,
): Promise<Target> {
  const own = join(folder, String(keys));
  mkdirSync(own);
  progress(`${keys} keys: filling`);
  let made: Keys;
  {
    await using product = await startProduct(own, 'first');
    made = await createKeys(await connectHsm(product));
  }
  const data = join(own, 'data');
  await fillStore(data, INSTANCE, 0, keys);
  const product = stack.use(await startProduct(own, 'filled', profile === undefined ? [] : profilingFlags(own)));
  const hsm = await connectHsm(product);
  const client = stack.use(openTimedClient(hsm.endpoint, hsm.token));
  return { keys, product, hsm, made, client, data, entriesBefore: auditLogSize(data) };
}

async function measureWrite(
  write: Write,
  run: string,
  target: Target,
  connections: number,
  loading: Loading,
  raw: RawLimit,
): Promise<Omit<WriteRound, 'keys'>> {
  const { hsm, client, product, data } = target;
  for (let index = 0; index < connections; index += 1) await write.prepare?.(client, run, connectionText(index));
  const { against } = write;
  const seconds = Math.min(2, loading.seconds);
  const best =
    'perSecond' in against
      ? undefined
      : against.what === 'fdatasync'
        ? syncRate(data, seconds)
        : await raw.measure(against.what, Math.max(RAW_SECONDS, loading.seconds));
  const job = jobOf(write, run, hsm, connections, loading.seconds);
  const setting = { ...loading, processes: product.ready.processes, sockets: join(data, '..') };
  const { product: loaded, cpuMicros } = await loadProduct(write, setting, job);
  const { report, disturbance } = loaded;
  const wrong = report.samples.filter(({ request, connection, turn, status, body }) => {
    const numbers: Numbers = { connection: connectionText(connection), turn: String(turn).padStart(8, '0') };
    const answer = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
    return status !== write.statuses[request] || !write.isRight(answer, request, run, numbers);
  });
  const missing = await write.countMissing(
    client,
    run,
    report.answered.map((count, index) => ({
      connection: connectionText(index),
      turns: Math.floor(count / write.requests.length),
      more: count % write.requests.length,
    })),
  );
  return {
    ...speedOf(report),
    ...(best === undefined ? {} : { best }),
    cpuMicros,
    answers: report.answers,
    checked: report.samples.length,
    wrong: wrong.length,
    missing,
    errors: report.errors,
    disturbance,
  };
}

function jobOf(write: Write, run: string, hsm: Hsm, connections: number, seconds: number): LoadJob {
  const requests = write.requests.map((request) =>
    numberedRequest(JSON.parse(JSON.stringify(request).replaceAll(RUN, run)) as typeof request, hsm),
  );
  return {
    ...hsm.endpoint,
    connections,
    warmUpMs: 1000,
    measureMs: seconds * 1000,
    requests: requests.map(({ bytes }) => bytes),
    numbers: requests.map(({ places }) => places),
    statuses: write.statuses,
  };
}

/** A256GCM by itself, and while RSA-2048 keys are made over four other connections. */
async function measureBeside(
  { hsm, made }: Target,
  { connections }: WritesOptions,
  { generator, seconds }: Loading,
): Promise<BesideResults> {
  const gcm = operations.find(({ name }) => name === 'a256gcm');
  const making = writes.find(({ name }) => name === 'create-rsa');
  if (gcm === undefined || making === undefined) throw new Error('the operations are not in their lists');
  const prepared = await gcm.prepare(hsm, made);
  const job: LoadJob = {
    ...hsm.endpoint,
    connections,
    warmUpMs: 1000,
    measureMs: seconds * 1000,
    requests: prepared.requests.map((request) => requestBytes(request, hsm)),
  };
  const alone = await generator.run(job);
  await using makers = startLoadGenerator();
  const [beside, rsa] = await Promise.all([
    generator.run(job),
    makers.run(jobOf(making, '900000', hsm, MAKERS, seconds)),
  ]);
  return {
    alone: speedOf(alone),
    beside: speedOf(beside),
    rsa: speedOf(rsa),
    wrong: await countWrong(prepared, [...alone.samples, ...beside.samples]),
    errors: { ...alone.errors, ...beside.errors, ...rsa.errors },
  };
}

function speedOf(report: LoadReport): {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
} {
  const latencies = Histogram.from(report.latencies);
  return { opsPerSecond: rate(report), p50Ms: latencies.quantile(0.5) / 1000, p99Ms: latencies.quantile(0.99) / 1000 };
}

function connectionText(index: number): string {
  return String(index).padStart(2, '0');
}
