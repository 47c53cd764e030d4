// Keeps a number of partitions alive: starts them, greets them, replaces those that die, and says which one is free
// soonest. It knows nothing of messages but the greeting.
import { sha256url } from '../../formats/base64url.ts';
import { CryptoError, type ModuleState } from '../protocol/messages.ts';
import { startCeremony } from './ceremony-process.ts';
import { handOver, recipientKeyOf, takeOver } from './hand-over.ts';
import { ask, greet, type Hello, Partition } from './partition.ts';
import { type PartitionPath, spawnPartition } from './spawn-partition.ts';

export interface PoolOptions extends PartitionPath {
  readonly partitions: number;
  /** A partition that leaves all its requests unanswered for so long is ended; one that makes an RSA key has longer. */
  readonly stallMs?: number | undefined;
  /**
   * The seal key from a worker beside this one, encrypted to the key; undefined when none has it. For a partition that comes
   * back when all others of this worker are gone.
   */
  readonly peers?: ((recipientKey: Buffer) => Promise<string | undefined>) | undefined;
  /** The module was open, and now no partition of any worker has its seal key. */
  readonly onLocked?: (() => void) | undefined;
  /** Called with the process ids of the living partitions whenever they change. */
  readonly onPartitions?: ((pids: readonly number[]) => void) | undefined;
}

/** By which weight a partition may be filled ahead of the others: waiting behind so much takes as long as waking another process. */
const LEAD = 32;
/** How long a request waits for a partition to come back before it is refused. */
const PATIENCE_MS = 15_000;
const GREETING_MS = 15_000;
/** Callers of what another partition could do wait for it. */
const STALL_MS = 20_000;
/** Long enough for an RSA-4096 key. */
const MAKING_MS = 60_000;
const FIRST_BACKOFF_MS = 20;
const LONGEST_BACKOFF_MS = 5_000;
/** A partition that lived this long starts the backoff anew. */
const SETTLED_MS = 10_000;
const RANK: Readonly<Record<ModuleState, number>> = { blank: 0, locked: 0, provisioned: 1, active: 2 };

export class PartitionPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  #ready: Partition[] = [];
  readonly #starting = new Set<Promise<void>>();
  readonly #everyone = new Set<Partition>();
  readonly #waiting = new Set<PromiseWithResolvers<Partition>>();
  #hello: Hello | undefined;
  #backoff = FIRST_BACKOFF_MS;
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;
  #later = 0;
  /** How often all were told to read the files again. */
  #reloads = 0;
  #last: Partition | undefined;
  #losses = 0;
  /** Keys that were shown, by thumbprint. */
  readonly #recipients = new Map<string, Partition>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** @param wanted the others start with `complete` @throws CryptoError when a partition does not start or does not greet */
  async open(wanted: number): Promise<void> {
    this.#later = this.#options.partitions - wanted;
    const starts = Array.from({ length: wanted }, () => this.#start());
    const results = await Promise.allSettled(starts);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await this[Symbol.asyncDispose]();
      throw failed.reason;
    }
  }

  /** Those that were not wanted at first: once there is a state for them to read. */
  complete(): void {
    if (this.hello.state === 'blank') return;
    for (; this.#later > 0; this.#later -= 1) this.#startIn(0);
  }

  get hello(): Hello {
    if (this.#hello === undefined) throw new CryptoError('Internal', 'no partition has greeted yet');
    return this.#hello;
  }

  get pids(): readonly number[] {
    return this.#ready.filter(({ lost }) => !lost).map(({ pid }) => pid);
  }

  /** How many ended by themselves, and what those that there are have to do, in the weights of requests. */
  get health(): { readonly losses: number; readonly load: number } {
    const loads = this.#ready.filter(({ lost }) => !lost).map(({ load }) => load);
    return { losses: this.#losses, load: loads.reduce((sum, each) => sum + each, 0) };
  }

  /** Those that are told to read the files again; one that greets later does so by itself. */
  toReload(): readonly Partition[] {
    this.#reloads += 1;
    return this.#ready;
  }

  /**
   * The partition with the least to do, or a promise of one when all are gone. Light requests in a row go to the same one:
   * together they leave in one write and wake one process.
   */
  pick(weight: number = LEAD): Partition | Promise<Partition> {
    const best = this.#leastLoaded();
    if (best === undefined) return this.#wait();
    const last = this.#last;
    if (last !== undefined && !last.lost && last.load + weight <= best.load + LEAD) return last;
    this.#last = best;
    return best;
  }

  #leastLoaded(): Partition | undefined {
    let best: Partition | undefined;
    for (const partition of this.#ready) {
      // One that has just died still stands in the list while its requests are being repeated.
      if (partition.lost) continue;
      if (best === undefined || partition.load < best.load) best = partition;
    }
    return best;
  }

  /** Neither blank nor locked. */
  get isOpen(): boolean {
    return this.#hello !== undefined && RANK[this.#hello.state] > 0;
  }

  /** Of the first partition, while it is locked: the seal key comes to one, which hands it to the others. */
  async recipientKey(): Promise<Buffer> {
    const partition = this.#ready.find(({ lost }) => !lost) ?? (await this.pick());
    const key = await recipientKeyOf(partition);
    this.#recipients.set(sha256url(key), partition);
    return key;
  }

  /** @throws CryptoError BadRequest when it is no key of a living partition here */
  waitingWith(recipient: string): Partition {
    const partition = this.#recipients.get(recipient);
    if (partition !== undefined && !partition.lost) return partition;
    throw new CryptoError('BadRequest', 'recipient: no partition here waits with this key: ask for a new one');
  }

  /** One process has the seal key: so have all partitions, before this resolves. */
  async spreadFrom(opened: Partition): Promise<void> {
    this.#recipients.clear();
    await this.refresh(opened);
    await Promise.all(
      this.#ready
        .filter((partition) => partition !== opened && !partition.lost)
        .map((partition) =>
          // It comes back, and is unlocked as others are then.
          handOver(opened, partition).catch(() => partition.kill()),
        ),
    );
  }

  /** A partition that came back while the module is open. @throws CryptoError when nobody has the seal key any more */
  async #unlockLate(partition: Partition): Promise<void> {
    for (const giver of this.#ready) {
      if (giver.lost) continue;
      try {
        await handOver(giver, partition);
        return;
      } catch {
        // It may have died of something else in this moment: then the next one is asked.
      }
    }
    const key = await recipientKeyOf(partition);
    const sealed = await this.#options.peers?.(key);
    if (sealed !== undefined) {
      await takeOver(partition, key, sealed);
      return;
    }
    if (this.#options.passphraseFile !== undefined) {
      await using opener = await startCeremony(this.#options);
      await ask(opener, 'unlockFromFile', {});
      await handOver(opener, partition);
      return;
    }
    if (!this.#closed) this.#options.onLocked?.();
    throw new CryptoError('PartitionLost', 'the module is locked: no partition is left that has its seal key');
  }

  /** Greets a partition again and takes over what it says. */
  async refresh(partition: Partition): Promise<void> {
    this.#accept(await greet(partition));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const error = new CryptoError('PartitionLost', 'the client is closed');
    for (const waiter of this.#waiting) waiter.reject(error);
    await Promise.all([...this.#everyone].map((partition) => partition[Symbol.asyncDispose]()));
    await Promise.allSettled(this.#starting);
  }

  async #start(): Promise<void> {
    const partition = new Partition(spawnPartition(this.#options), this.#options.stallMs ?? STALL_MS, MAKING_MS);
    this.#everyone.add(partition);
    const born = performance.now();
    let reloads = this.#reloads;
    void partition.gone.then(() => {
      this.#everyone.delete(partition);
      if (!this.#ready.includes(partition)) return;
      this.#ready = this.#ready.filter((other) => other !== partition);
      if (performance.now() - born > SETTLED_MS) this.#backoff = FIRST_BACKOFF_MS;
      if (this.#closed) return;
      this.#losses += 1;
      this.#options.onPartitions?.(this.pids);
      this.#restart();
    });
    try {
      let hello = await greet(partition, GREETING_MS);
      while (hello.state === 'locked' && this.#hello !== undefined && this.#hello.state !== 'locked') {
        await this.#unlockLate(partition);
        hello = await greet(partition);
      }
      // A ceremony may have run since this partition read the state.
      for (let isBehind = this.#isBehind(hello); isBehind || reloads !== this.#reloads; isBehind = false) {
        reloads = this.#reloads;
        await ask(partition, 'reload', {});
        hello = await greet(partition);
      }
      this.#accept(hello);
    } catch (error) {
      partition.kill();
      const why = error instanceof CryptoError && error.code !== 'PartitionLost' ? `: ${error.message}` : '';
      throw new CryptoError('PartitionLost', `the module partition did not start${why}`, { cause: error });
    }
    if (this.#closed) return;
    this.#ready = [...this.#ready, partition];
    this.#options.onPartitions?.(this.pids);
    for (const waiter of this.#waiting) waiter.resolve(partition);
  }

  #restart(): void {
    this.#startIn(this.#backoff);
    this.#backoff = Math.min(this.#backoff * 2, LONGEST_BACKOFF_MS);
  }

  #startIn(ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const start = this.#start().catch(() => {
        if (!this.#closed) this.#restart();
      });
      this.#starting.add(start);
      void start.then(() => this.#starting.delete(start));
    }, ms);
    this.#timers.add(timer);
  }

  #isBehind({ state, generation }: Hello): boolean {
    const known = this.#hello;
    return known !== undefined && (RANK[state] < RANK[known.state] || generation < known.generation);
  }

  /** Every partition must be the same module: one that greets as another, or as what it was before, is not let in. */
  #accept(hello: Hello): void {
    const known = this.#hello;
    if (this.#isBehind(hello)) {
      throw new CryptoError('StateRefused', 'the partition has an older state than the others: files were put back');
    }
    if (known !== undefined && RANK[known.state] > 0) {
      const same = known.instanceId === hello.instanceId && Buffer.from(known.auditKey).equals(hello.auditKey);
      if (!same) throw new CryptoError('Internal', 'the partition is of another module');
      if (!comesFrom(hello, known)) {
        throw new CryptoError('StateRefused', 'the partition has another state than the others: files were exchanged');
      }
    }
    this.#hello = hello;
  }

  async #wait(): Promise<Partition> {
    if (this.#closed) throw new CryptoError('PartitionLost', 'the client is closed');
    const waiter = Promise.withResolvers<Partition>();
    const late = new CryptoError('PartitionLost', 'no module partition is running');
    const timer = setTimeout(() => waiter.reject(late), PATIENCE_MS);
    this.#waiting.add(waiter);
    try {
      return await waiter.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiter);
    }
  }
}

/** By the digests, as the number of a generation can be had from older files, too. */
function comesFrom({ generation, digest, lineage }: Hello, known: Hello): boolean {
  return (
    (generation === known.generation ? digest : (lineage as readonly unknown[])[known.generation]) === known.digest
  );
}
