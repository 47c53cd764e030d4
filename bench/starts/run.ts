// What it takes to start, to answer a command, and to do nothing: times beside that of an empty Node on the same machine in the same
// seconds, and the memory of every process of a development and of a production deployment with one instance each, at rest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Disturbance, watchDisturbance } from '../machine/disturbance.ts';
import { type Environment, environment } from '../machine/environment.ts';
import { memoryOfAll } from '../machine/process-memory.ts';
import { familyOf, processTimes } from '../machine/processes.ts';
import { CHECKOUT, type Product, startProduct } from '../product/product.ts';
import type { ReadyFile } from '../product/ready-file.ts';
import type { ProcessMemory } from '../results.ts';
import type { StartsOptions } from './arguments.ts';
import { productionProcesses } from './production.ts';

/** By the clock, and by the processor: all processes of a start until then, those that have ended included. */
export interface Taken {
  readonly ms: number;
  readonly cpuMs: number;
}

export interface CheckoutResults {
  readonly checkout: string;
  /** By what was done, in the order of the rounds. */
  readonly times: Readonly<Record<string, readonly Taken[]>>;
  readonly development: readonly ProcessMemory[];
  readonly production: readonly ProcessMemory[];
}

export interface StartsResults {
  readonly environment: Environment;
  readonly checkouts: readonly CheckoutResults[];
  readonly disturbance: Disturbance;
}

const COMMANDS_EACH = 3;
/** What a process frees after a start it has freed by then. */
const RESTED_MS = 8000;
const ENDS_WITHIN_MS = 60_000;

export async function runStartsBench(
  { rounds, beside }: StartsOptions,
  progress: (text: string) => void,
): Promise<StartsResults> {
  const watch = watchDisturbance();
  const benches = [CHECKOUT, ...(beside === undefined ? [] : [beside])].map((checkout) => new CheckoutBench(checkout));
  // In turns: a machine that changes its speed changes it for all.
  for (let round = 0; round < rounds; round += 1) {
    for (const bench of benches) {
      progress(`round ${round + 1} of ${rounds}, ${bench.checkout}`);
      await bench.round(round === rounds - 1);
    }
  }
  const checkouts: CheckoutResults[] = [];
  for (const bench of benches) {
    progress(`production, ${bench.checkout}`);
    checkouts.push({ ...bench.found, production: await productionProcesses(bench.checkout, atRest) });
  }
  return { environment: environment(), checkouts, disturbance: watch.end() };
}

class CheckoutBench {
  readonly checkout: string;
  readonly #times: Record<string, Taken[]> = {};
  #development: readonly ProcessMemory[] = [];

  constructor(checkout: string) {
    this.checkout = checkout;
  }

  get found(): Omit<CheckoutResults, 'production'> {
    return { checkout: this.checkout, times: this.#times, development: this.#development };
  }

  async round(isLast: boolean): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-starts-'));
    try {
      await this.#start(folder, 'first start', () => Promise.resolve());
      await this.#start(folder, 'second start', async ({ ready }) => {
        const program = join(this.checkout, 'strongroom');
        for (let turn = 0; turn < COMMANDS_EACH; turn += 1) {
          this.#add('an empty Node', await lasts(process.execPath, '-e', '0'));
          this.#add('--help', await lasts(program, '--help'));
          this.#add('status', await lasts(program, 'status', '--data', join(folder, 'data')));
        }
        if (isLast) this.#development = await atRest(ready.processes);
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #start(folder: string, what: string, then: (product: Product) => Promise<void>): Promise<void> {
    await using product = await startProduct(folder, 'start', [], [], this.checkout);
    const { processes } = product.ready;
    this.#add(`${what}, ready`, { ms: product.readyMs, cpuMs: processorTime(processes) });
    await demonstrationEnds(processes);
    const ms = performance.now() - product.startedAt;
    this.#add(`${what}, its demonstration done`, { ms, cpuMs: processorTime(processes) });
    await then(product);
  }

  #add(what: string, taken: Taken): void {
    this.#times[what] = [...(this.#times[what] ?? []), taken];
  }
}

async function lasts(program: string, ...words: readonly string[]): Promise<Taken> {
  const before = endedChildren();
  const start = performance.now();
  const [code] = (await once(spawn(program, words, { stdio: 'ignore' }), 'exit')) as [number | null];
  const ms = performance.now() - start;
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}`);
  return { ms, cpuMs: endedChildren() - before };
}

/** Milliseconds of processor time; the kernel counts in steps of ten. */
function endedChildren(): number {
  const { withEndedMicros = 0, ownMicros = 0 } = processTimes(process.pid) ?? {};
  return (withEndedMicros - ownMicros) / 1000;
}

function processorTime(known: ReadyFile['processes']): number {
  let micros = 0;
  for (const times of familyOf(supervisorOf(known)).values()) micros += times.withEndedMicros;
  return micros / 1000;
}

/** It is the one child of the supervisor that its state does not name. */
async function demonstrationEnds(known: ReadyFile['processes']): Promise<void> {
  const supervisor = supervisorOf(known);
  const named = new Set(known.map(({ pid }) => pid));
  const ends = performance.now() + ENDS_WITHIN_MS;
  while ([...familyOf(supervisor)].some(([pid, { parent }]) => parent === supervisor && !named.has(pid))) {
    if (performance.now() > ends) throw new Error('the demonstration does not end');
    await sleep(5);
  }
}

/** Of all processes: those that the state does not name, as those of the module that signs the management log, are among them. */
async function atRest(known: ReadyFile['processes']): Promise<readonly ProcessMemory[]> {
  await sleep(RESTED_MS);
  const roles = new Map(known.map(({ role, pid }) => [pid, role]));
  return memoryOfAll(
    [...familyOf(supervisorOf(known))].map(([pid, { parent }]) => ({
      pid,
      role: roles.get(pid) ?? `child of ${roles.get(parent) ?? parent}`,
    })),
  );
}

function supervisorOf(known: ReadyFile['processes']): number {
  const found = known.find(({ role }) => role === 'supervisor');
  if (found === undefined) throw new Error('no process is named as the supervisor');
  return found.pid;
}
