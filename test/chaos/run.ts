// A run: a product of several workers under load, faults in an order that the seed decides, and a judgement of what clients were told.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { verifyAuditLog } from '../fault/audit-log.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { Callers } from './callers.ts';
import { FaultControl, insideFlags, ROLES } from './fault-control.ts';
import { Faults } from './faults.ts';
import { History } from './history.ts';
import { isExcused, judge } from './judge.ts';
import { type KindName, kindNames, kinds, shareOf } from './kinds.ts';
import { type Random, randomFrom } from './random.ts';
import { prepareLoad, readAll, startLoad } from './workload.ts';

/** What the product believes to have: two workers with two partitions each. */
const CORES = 4;
/** Faults at a time, at most. */
const LANES = 3;
const SIGNED_WITHIN_MS = 90_000;
const TOLD_EVERY = 25;
/** Milliseconds between two requests of a client: the log of a long run stays small. */
const PAUSE = 12;

export interface Plan {
  readonly seed: number;
  readonly faults: number;
  /** Only faults of these. */
  readonly only?: readonly KindName[] | undefined;
  readonly report: (line: string) => void;
}

export interface Outcome {
  readonly findings: readonly string[];
  readonly faults: number;
}

export async function runChaos({ seed, faults, only, report }: Plan): Promise<Outcome> {
  const random = randomFrom(seed);
  const order = planned(faults, random.branch(), only ?? kindNames);
  report(`seed ${seed}, ${order.length} faults`);
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-chaos-'));
  using control = await FaultControl.open(folder);
  const inside = { flags: insideFlags(CORES), variables: control.variables };
  const history = new History();
  let product = await startProduct({ inside, first: false, data: join(folder, 'data') });
  const started = performance.now();
  try {
    const callers = new Callers(product, history);
    await callers.renewTokens();
    const role = await prepareLoad(callers, random.branch());
    const start = async (until?: Parameters<RunningProduct['until']>[0]): Promise<RunningProduct> => {
      const { data } = product;
      product = await startProduct({ inside, data, demo: false, ...(until === undefined ? {} : { until }) });
      return product;
    };
    const making = new Faults({ callers, control, start, folder });
    const load = startLoad(callers, random.branch(), { pause: PAUSE, role });
    await makeAll(order, making, callers, random.branch(), report);
    await making.settled();
    await load.stop();
    await readAll(callers, random.branch());
    await checkpointed(product.data, history.answered.size);
    assert.equal(await product.stop(), 0, product.output.slice(-4000));
    await verifyAuditLog(product.data);
    tell(history, control, performance.now() - started, report);
    return { findings: await judge(history, product.data), faults: history.troubles.length };
  } catch (error) {
    // How far it came says something of the cause.
    tell(history, control, performance.now() - started, report);
    throw error;
  } finally {
    for (const trouble of history.troubles) trouble.end ??= history.now();
    await product[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each kind as often as its share says, in an order of the seed. */
function planned(faults: number, random: Random, of: readonly KindName[]): readonly KindName[] {
  const whole = kindNames.reduce((sum, kind) => sum + kinds[kind].perThousand, 0);
  const share = of.reduce((sum, kind) => sum + kinds[kind].perThousand, 0);
  const all = of.flatMap((kind) => Array.from({ length: shareOf(kind, (faults * whole) / share) }, () => kind));
  const usual = of.reduce((most, kind) => (kinds[kind].perThousand > kinds[most].perThousand ? kind : most));
  while (all.length < faults) all.push(usual);
  return all
    .map((kind) => ({ kind, at: random.below(2 ** 32) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ kind }) => kind);
}

async function makeAll(
  order: readonly KindName[],
  making: Faults,
  callers: Callers,
  random: Random,
  report: (line: string) => void,
): Promise<void> {
  const left = order.entries();
  const isAlone = (kind: KindName): boolean => 'alone' in kinds[kind];
  const busy = new Set<Promise<void>>();
  for (const [number, kind] of left) {
    while (busy.size >= (isAlone(kind) ? 1 : LANES)) await Promise.race(busy);
    if (number % 100 === 0) {
      await Promise.all(busy);
      await making.settled();
      await callers.renewTokens();
    }
    if (number % TOLD_EVERY === 0) report(`${number} of ${order.length} faults`);
    const branch = random.branch();
    if (isAlone(kind)) {
      await Promise.all(busy);
      await making.run(kind, branch);
      continue;
    }
    const one: Promise<void> = making.run(kind, branch).finally(() => busy.delete(one));
    one.catch(() => undefined); // thrown where it is waited for
    busy.add(one);
  }
  await Promise.all(busy);
}

/** The log is signed again by itself, for at least so many entries. */
async function checkpointed(data: string, least: number): Promise<void> {
  const path = join(places(data).instance('dev').audit, 'checkpoint');
  const end = performance.now() + SIGNED_WITHIN_MS;
  for (let size = 0; size < least; await delay(50)) {
    size = Number((await readFile(path, 'utf8')).split('\n')[1]);
    assert.ok(performance.now() < end, `the checkpoint is of ${size} entries, of at least ${least}`);
  }
}

function tell(history: History, control: FaultControl, took: number, report: (line: string) => void): void {
  const excused = history.failures.filter((failure) => isExcused(failure, history.troubles)).length;
  for (const kind of kindNames) {
    const of = history.troubles.filter((trouble) => trouble.kind === kind);
    if (of.length > 0) report(`  ${kind}: ${of.length}`);
  }
  report(
    `${history.troubles.length} faults in ${(took / 1000).toFixed(0)} s; calls that failed inside: ${ROLES.map((role) => `${role} ${control.bites(role)}`).join(', ')}`,
  );
  report(
    `${history.changes} changes and ${history.operations} operations acknowledged, ${history.refusals} refused; ` +
      `${history.unanswered} on keys and rights that change got no answer, and count as perhaps done; of the repeatable operations on keys that nothing happens to ` +
      `${history.failures.length} failed, ${excused} excused by a fault of that moment and ${history.failures.length - excused} not; the slowest answer took ${history.slowest.toFixed(0)} ms; ` +
      `${history.answered.size} answers looked for in the log, ${history.objects.length} histories`,
  );
}
