// Makes things go wrong in a running product, one fault at a time for whoever asks, and sees that all is well again by itself.
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { isAlive, killAll, parentOf } from '../support/process-tree.ts';
import type { RunningProduct } from '../support/running-product.ts';
import { awake } from './awake.ts';
import { Caller, type Callers } from './callers.ts';
import {
  EIO,
  EMFILE,
  ENOSPC,
  EROFS,
  type Fault,
  type FaultControl,
  GARBAGE,
  NOTHING,
  type Role,
} from './fault-control.ts';
import type { History, Trouble } from './history.ts';
import { type Excuse, type KindName, kinds } from './kinds.ts';
import type { Random } from './random.ts';
import { whoAnswers } from './who-answers.ts';

/** Whoever is not well again by then does not get well by itself. */
const RECOVERED_WITHIN_MS = 150_000;
/** The supervisor slows down for who ends so often within so long: then it is another's turn. */
const KILLS = 3;
const QUICK_MS = 35_000;
const DAY = 86_400;
/** Times that the harness starts a product that does not get well, until it gives up. */
const MOST_AGAIN = 5;
const RESTARTED: ReadonlySet<string> = new Set<Excuse>(['503', 'cut']);
/** Right answers of each worker one after the other, and none wrong among them, that make a product well. */
const WELL = 3;

/** What is told of a fault while it is made. */
interface Account {
  say(what: string): void;
  /** It did happen to somebody. */
  met(): void;
}

export interface Start {
  (until?: Parameters<RunningProduct['until']>[0]): Promise<RunningProduct>;
}

export class Faults {
  readonly #callers: Callers;
  readonly #control: FaultControl;
  readonly #start: Start;
  readonly #folder: string;
  readonly #workers: number;
  readonly #partitions: number;
  readonly #kills = new Map<string, { count: number; last: number }>();
  readonly #broken = new Set<Role>();
  /** Partitions that nobody else lets go on. */
  readonly #stuck = new Set<number>();
  #clock = false;
  #again = 0;
  /** It did not get well by itself. */
  isLost = false;
  #hasOlder = false;
  #number = 0;

  /** @param folder for older files */
  constructor(parts: { callers: Callers; control: FaultControl; start: Start; folder: string }) {
    this.#callers = parts.callers;
    this.#control = parts.control;
    this.#start = parts.start;
    this.#folder = parts.folder;
    const { service, module } = this.#instance;
    this.#workers = service.length;
    this.#partitions = module.length / service.length;
    assert.ok(this.#workers > 1 && this.#partitions > 1, 'a product of several workers with several partitions each');
  }

  get #product(): RunningProduct {
    return this.#callers.product;
  }

  get #history(): History {
    return this.#callers.history;
  }

  get #pids() {
    return this.#product.state.pids;
  }

  get #instance() {
    const found = this.#pids.instances['dev'];
    assert.ok(found !== undefined);
    return found;
  }

  /** One fault, from its beginning until all is well again. */
  async run(kind: KindName, random: Random): Promise<void> {
    const trouble: Trouble = {
      number: ++this.#number,
      kind,
      what: '',
      start: this.#history.now(),
      end: undefined,
      excuses: new Set(kinds[kind].excuses),
    };
    this.#history.troubles.push(trouble);
    const account: Account = {
      say: (what) => void Object.assign(trouble, { what }),
      met: () => void Object.assign(trouble, { met: true }),
    };
    try {
      await this.#do(kind, random, account);
      trouble.mended = this.#history.now();
      if (trouble.excuses.size > 0) await this.settled(trouble);
    } catch (error) {
      const around = this.#history.troubles.slice(-8).map(({ number, kind: of, what }) => `${number} ${of} ${what}`);
      this.#history.broken.push(`${kind}, ${trouble.what}: ${String(error)}, among ${around.join('; ')}`);
      this.isLost = true;
    }
    trouble.end = this.#history.now();
  }

  /** What nothing disturbs; that it fails is a finding, and the product is started again. */
  async between(does: () => Promise<void>): Promise<void> {
    await does().catch((error: unknown) => {
      this.#history.broken.push(`between faults: ${String(error)}`);
      this.isLost = true;
    });
  }

  /** In place of a product that does not get well by itself, which is a finding: the run goes on. */
  async startAgain(): Promise<void> {
    const what = `the ${++this.#again}th`;
    const start = this.#history.now();
    const trouble: Trouble = { number: 0, kind: 'started again', what, start, end: undefined, excuses: RESTARTED };
    this.#history.troubles.push(trouble);
    if (this.#again > MOST_AGAIN) throw new Error(`started again ${MOST_AGAIN} times, and not well`);
    await this.#product.kill();
    await this.#startAgain();
    this.isLost = false;
    await this.settled(trouble);
    trouble.end = this.#history.now();
  }

  async #do(kind: KindName, random: Random, account: Account): Promise<void> {
    switch (kind) {
      case 'partition stopped':
        return this.#stop(await this.#partition(random), random.between(5, 60), account);
      case 'worker stopped':
        return this.#stop(random.one(await this.#serving()), random.between(5, 80), account);
      case 'recorder stopped':
        return this.#stop(await this.#recorder(), random.between(5, 100), account);
      case 'control or supervisor stopped':
        return this.#stop(
          random.chance(0.5) ? (this.#pids.control ?? 0) : this.#pids.supervisor,
          random.between(20, 300),
          account,
        );
      case 'slow sync':
        return this.#break(random, { syncDelay: random.between(5, 60) }, random.between(40, 150), account);
      case 'failing sync':
        return this.#break(random, { syncError: random.one([EIO, ENOSPC]) }, random.between(20, 120), account);
      case 'failing write':
        return this.#break(random, { writeError: EIO, ...torn(random) }, random.between(20, 120), account);
      case 'full disk':
        return this.#break(
          random,
          { writeError: ENOSPC, changeError: ENOSPC, ...torn(random) },
          random.between(20, 150),
          account,
        );
      case 'read-only disk':
        return this.#break(random, { writeError: EROFS, changeError: EROFS }, random.between(20, 150), account);
      case 'no descriptors':
        return this.#break(random, { openError: EMFILE }, random.between(20, 150), account);
      case 'clock moved by minutes':
        return this.#moveClock(random.between(-50, 240), random.between(20, 120), account);
      case 'clock moved by days':
        return this.#moveClock(random.between(-3 * DAY, 3 * DAY), random.between(50, 250), account);
      case 'partition killed': {
        const pid = await this.#partition(random);
        account.say(String(pid));
        if (kill(pid, 'SIGKILL')) account.met();
        return;
      }
      case 'partition answers garbage':
        return this.#misspeak(GARBAGE, random, account);
      case 'partition answers nothing':
        return this.#misspeak(NOTHING, random, account);
      case 'partition stuck': {
        const pid = await this.#partition(random);
        account.say(`${pid}, until its worker ends it`);
        this.#stuck.add(pid);
        if (kill(pid, 'SIGSTOP')) account.met();
        // Stopped again and again: something outside of this run may have set all processes going.
        return within('its worker ends it', () => !isAlive(pid) || !kill(pid, 'SIGSTOP'));
      }
      case 'recorder killed':
        return this.#kill('recorder', await this.#recorder(), random, account);
      case 'recorder stuck':
        return this.#stop(await this.#recorder(), random.between(5_500, 7_000), account);
      case 'worker killed': {
        const workers = await this.#serving();
        const at = random.below(workers.length);
        return this.#kill(`worker ${at}`, workers[at] ?? 0, random, account);
      }
      case 'control killed':
        return this.#kill('control', this.#pids.control ?? 0, random, account);
      case 'supervisor killed': {
        const left = this.#product.pids;
        await killAll([this.#pids.supervisor]);
        await within('all others end by themselves', () => !left.some(isAlive));
        account.met();
        return this.#startAgain();
      }
      case 'all killed': {
        await this.#product.kill();
        account.met();
        await this.#keepOlder();
        return this.#startAgain();
      }
      case 'older store put back':
        return this.#putBack(account);
    }
  }

  /** Nothing is broken, every process is there, and each worker serves. */
  async settled(trouble?: Trouble): Promise<void> {
    using caller = new Caller(900, this.#callers, 'admin', { chance: () => true, below: () => 0 } as unknown as Random);
    const well = new Map<number, number>();
    const isWell = (): boolean => this.#instance.service.every((pid) => (well.get(pid) ?? 0) >= WELL);
    let last = '';
    const end = awake() + RECOVERED_WITHIN_MS;
    for (let turn = 0; well.size < this.#workers || !isWell(); turn++) {
      if (awake() >= end) {
        assert.fail(
          `not well again after ${JSON.stringify(trouble)}: ${last}\n${JSON.stringify(this.#product.state)}\n${this.#product.output.slice(-6000)}`,
        );
      }
      const { service, module, recorder } = this.#instance;
      const isWhole =
        service.length === this.#workers &&
        module.length >= this.#workers &&
        recorder !== null &&
        this.#pids.control !== null;
      const told =
        turn % 2 === 0
          ? await caller.ask('probe: sign', 'POST', '/keys/steady-ec/sign', {
              alg: 'ES256',
              value: Buffer.alloc(32).toString('base64url'),
            })
          : await caller.ask('probe: update', 'PATCH', '/keys/steady-aes', { tags: { turn: String(turn) } });
      last = JSON.stringify(told);
      if (isWhole && told.kind === 'answered' && told.how === 'done') {
        const port = Number(new URL(this.#product.state.uris.instances['dev']?.direct ?? '').port);
        const pid = whoAnswers(told.answered.localPort, port, this.#instance.service);
        if (pid !== undefined) well.set(pid, (well.get(pid) ?? 0) + 1);
      } else {
        well.clear();
        await delay(20);
      }
    }
  }

  async #recorder(): Promise<number> {
    await within('the recorder runs', () => this.#instance.recorder !== undefined);
    return this.#instance.recorder ?? 0;
  }

  async #serving(): Promise<readonly number[]> {
    await within('a worker runs', () => this.#instance.service.length > 0);
    return this.#instance.service;
  }

  /** A partition whose worker has another that is ready. */
  async #partition(random: Random): Promise<number> {
    let found: readonly number[] = [];
    await within('a worker has two partitions', () => {
      const living = this.#instance.module.filter((pid) => isAlive(pid) && !this.#stuck.has(pid));
      found = living.filter(
        (pid) => living.filter((other) => parentOf(other) === parentOf(pid)).length >= this.#partitions,
      );
      return found.length > 0;
    });
    return random.one(found);
  }

  async #stop(pid: number, milliseconds: number, account: Account): Promise<void> {
    account.say(`${pid} for ${milliseconds} ms`);
    if (kill(pid, 'SIGSTOP')) account.met();
    try {
      await delay(milliseconds);
    } finally {
      // Another fault may have begun that has it stay so.
      if (!this.#stuck.has(pid)) kill(pid, 'SIGCONT');
    }
  }

  async #break(random: Random, fault: Fault, milliseconds: number, account: Account): Promise<void> {
    const role: Role = random.oneOf({
      recorder: 6,
      service: 6,
      module: 2,
      control: 1,
      supervisor: 0.5,
      'management-recorder': 1,
    });
    // What another has broken stays so until it mends it.
    if (this.#broken.has(role)) await within(`${role} is whole`, () => !this.#broken.has(role));
    this.#broken.add(role);
    account.say(`${role} for ${milliseconds} ms: ${JSON.stringify(fault)}`);
    const before = this.#control.bites(role);
    this.#control.set(role, fault);
    try {
      await delay(milliseconds);
    } finally {
      this.#control.set(role, {});
      if (this.#control.bites(role) > before) account.met();
      this.#broken.delete(role);
    }
  }

  async #moveClock(seconds: number, milliseconds: number, account: Account): Promise<void> {
    await within('the clock is right', () => !this.#clock);
    this.#clock = true;
    account.say(`${seconds} s for ${milliseconds} ms`);
    const before = this.#control.clockBites;
    this.#control.setClock(seconds);
    try {
      await delay(milliseconds);
    } finally {
      this.#control.setClock(0);
      if (this.#control.clockBites > before) account.met();
      this.#clock = false;
    }
  }

  async #misspeak(pipe: typeof GARBAGE | typeof NOTHING, random: Random, account: Account): Promise<void> {
    await within('modules are whole', () => !this.#broken.has('module'));
    this.#broken.add('module');
    try {
      const target = await this.#partition(random);
      const before = this.#control.bites('module');
      account.say(String(target));
      this.#control.set('module', { target, pipe });
      // Who answers garbage is ended by its worker; who is silent, by us, long before that.
      const isAsked = (): boolean => pipe === NOTHING && this.#control.bites('module') > before;
      await within('the partition is asked', () => isAsked() || !isAlive(target));
      if (this.#control.bites('module') > before) account.met();
      if (pipe === NOTHING) {
        await delay(random.between(20, 300));
        kill(target, 'SIGKILL');
      }
    } finally {
      this.#control.set('module', {});
      this.#broken.delete('module');
    }
  }

  async #kill(name: string, pid: number, random: Random, account: Account): Promise<void> {
    const now = performance.now();
    const known = this.#kills.get(name) ?? { count: 0, last: 0 };
    const count = now - known.last > QUICK_MS ? 1 : known.count + 1;
    if (count > KILLS) return this.#stop(pid, random.between(5, 100), account);
    this.#kills.set(name, { count, last: now });
    account.say(`${name}, ${pid}`);
    if (kill(pid, 'SIGKILL')) account.met();
    await within(`another ${name}`, () => {
      const { recorder, service } = this.#instance;
      const living = [recorder, this.#pids.control, ...service];
      return (
        !living.includes(pid) && service.length === this.#workers && recorder !== null && this.#pids.control !== null
      );
    });
  }

  async #startAgain(): Promise<void> {
    this.#kills.clear();
    await this.#product[Symbol.asyncDispose]();
    this.#callers.moveTo(await this.#start());
  }

  get #store(): string {
    return places(this.#product.data).instance('dev').store;
  }

  /** Only while nothing runs. */
  async #keepOlder(): Promise<void> {
    const older = join(this.#folder, 'older');
    await rm(older, { recursive: true, force: true });
    await cp(this.#store, older, { recursive: true });
    this.#hasOlder = true;
  }

  async #putBack(account: Account): Promise<void> {
    const changes = this.#history.changes;
    if (!this.#hasOlder) {
      await this.#product.kill();
      await this.#keepOlder();
      await this.#startAgain();
      await within('something is changed', () => this.#history.changes > changes + 3);
    }
    await this.#product.kill();
    const [store, newest] = [this.#store, join(this.#folder, 'newest')];
    const exchange = async (from: string): Promise<void> => {
      await rm(store, { recursive: true });
      await cp(from, store, { recursive: true });
    };
    await rm(newest, { recursive: true, force: true });
    await cp(store, newest, { recursive: true });
    await exchange(join(this.#folder, 'older'));
    await this.#product[Symbol.asyncDispose]();
    {
      await using refused = await this.#start(({ instances }) => instances['dev']?.activation === 'Failed');
      const { message = '', port } = refused.state.instances['dev'] ?? {};
      account.say(message);
      assert.match(message, /older|newer|put back/i);
      assert.equal(port, 0, 'it serves an older store');
      account.met();
      await refused.kill();
    }
    await exchange(newest);
    this.#kills.clear();
    this.#callers.moveTo(await this.#start());
  }
}

function torn(random: Random): Fault {
  return random.chance(0.5) ? { torn: 1 } : {};
}

/** @returns whether there was such a process */
function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return pid > 0 && process.kill(pid, signal);
  } catch (error) {
    // It has ended of something else in this moment.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

async function within(what: string, holds: () => boolean): Promise<void> {
  const end = awake() + RECOVERED_WITHIN_MS;
  while (!holds()) {
    if (awake() >= end) throw new Error(`waited in vain: ${what}`);
    await delay(10);
  }
}
