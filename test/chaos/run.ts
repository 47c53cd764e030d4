// A run: a product of several workers under load, faults in an order that the seed decides, and a judgement of what clients were told.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { places } from '../../src/deployment/data-layout.ts';
import { verifyAuditLog } from '../fault/audit-log.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { awake, stayAwake } from './awake.ts';
import { Callers } from './callers.ts';
import { FaultControl, insideFlags } from './fault-control.ts';
import { Faults } from './faults.ts';
import { figures, unmet } from './figures.ts';
import { History, type Trouble } from './history.ts';
import { isExcused, judge } from './judge.ts';
import { type Excuse, type KindName, kindNames, kinds, shareOf } from './kinds.ts';
import { type Random, randomFrom } from './random.ts';
import { prepareLoad, readAll, startLoad } from './workload.ts';

/** What the product believes to have: two workers with two partitions each. */
const CORES = 4;
/** Faults at a time, at most. */
const LANES = 3;
const SIGNED_WITHIN_MS = 90_000;
const TOLD_EVERY = 25;
/** So long after all stood still processes may still find out that others did not answer. */
const AFTER_STILL_NS = 15e9;
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
  using _ = stayAwake((gap) => history.troubles.push(stoodStill(history, gap)));
  const step = async (what: string, does: () => Promise<unknown>): Promise<boolean> => {
    try {
      await does();
      return true;
    } catch (error) {
      history.broken.push(`${what}: ${inspect(error)}`);
      return false;
    }
  };
  try {
    const callers = new Callers(product, history);
    await callers.renewTokens();
    const prepared = await prepareLoad(callers, random.branch());
    const start = async (until?: Parameters<RunningProduct['until']>[0]): Promise<RunningProduct> => {
      const { data } = product;
      product = await startProduct({ inside, data, demo: false, ...(until === undefined ? {} : { until }) });
      return product;
    };
    const making = new Faults({ callers, control, start, folder });
    const load = startLoad(callers, random.branch(), { pause: PAUSE, prepared });
    const progress = progressOf(history, order.length, report);
    // Whatever becomes of one of these, what clients were told until then is judged.
    await step('faults', () => makeAll(order, making, callers, random.branch(), progress));
    const isWell = await step('at the end', () => making.settled());
    await load.stop();
    if (isWell) await step('reading all', () => readAll(callers, random.branch()));
    if (isWell) await step('signing the log', () => checkpointed(product.data, history.answered.size));
    await step('stopping', async () => assert.equal(await product.stop(), 0, product.output.slice(-4000)));
    await step('verifying the log', () => verifyAuditLog(product.data));
    for (const trouble of history.troubles) trouble.end ??= history.now();
    const took = performance.now() - started;
    const findings = [...(await judge(history, product.data)), ...unmet(history.troubles)];
    for (const line of figures({ seed, history, control, took, findings })) report(line);
    return { findings, faults: history.troubles.filter(({ number }) => number > 0).length };
  } catch (error) {
    // How far it came says something of the cause.
    const took = performance.now() - started;
    for (const line of figures({ seed, history, control, took, findings: undefined })) report(line);
    throw error;
  } finally {
    await product[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

/** All processes were stopped from outside, or the machine was. Each then finds that others did not answer, and may end them. */
function stoodStill(history: History, gap: number): Trouble {
  const now = history.now();
  const what = `for ${(gap / 1000).toFixed(1)} s, by nothing of this run`;
  const excuses = new Set<Excuse>(['503', 'cut']);
  return { number: 0, kind: 'all stood still', what, start: now - gap * 1e6, end: now + AFTER_STILL_NS, excuses };
}

/** What a run has found so far: all but what only the whole of it shows. */
function progressOf(history: History, faults: number, report: (line: string) => void): (number: number) => void {
  const started = performance.now();
  let [looked, unexcused] = [0, 0];
  return (number) => {
    const fresh = history.failures.slice(looked);
    looked = history.failures.length;
    unexcused += fresh.filter((failure) => !isExcused(failure, history.troubles)).length;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const found = unexcused + history.wrong.length + history.broken.length;
    const last = history.broken.at(-1) ?? history.wrong.at(-1);
    report(
      `${number} of ${faults} faults, ${seconds} s, ${history.changes + history.operations} acknowledged, findings so far: ${found}` +
        (found === 0
          ? ''
          : ` (unexcused ${unexcused}, wrong ${history.wrong.length}, of the run ${history.broken.length}${last === undefined ? '' : `, the last: ${last.slice(0, 300)}`})`),
    );
  };
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
  progress: (number: number) => void,
): Promise<void> {
  const left = order.entries();
  const isAlone = (kind: KindName): boolean => 'alone' in kinds[kind];
  const busy = new Set<Promise<void>>();
  for (const [number, kind] of left) {
    while (busy.size >= (isAlone(kind) ? 1 : LANES)) await Promise.race(busy);
    if (making.isLost) {
      await Promise.all(busy);
      await making.startAgain();
    }
    if (number % 100 === 0) {
      await Promise.all(busy);
      await making.between(async () => {
        await making.settled();
        await callers.renewTokens();
      });
    }
    if (number % TOLD_EVERY === 0) progress(number);
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
  const end = awake() + SIGNED_WITHIN_MS;
  for (let size = 0; size < least; await delay(50)) {
    size = Number((await readFile(path, 'utf8')).split('\n')[1]);
    assert.ok(awake() < end, `the checkpoint is of ${size} entries, of at least ${least}`);
  }
}
