// The module's other process: started for one ceremony over the same folder, told what the partitions know, and ended after
// it. Ceremonies of one worker run one after the other.
import { CryptoError, type MessageName, type ReplyOf, type RequestOf } from '../protocol/messages.ts';
import { handOver } from './hand-over.ts';
import { ask, askEncoded, greet, type Hello, Partition } from './partition.ts';
import { type PartitionPath, spawnPartition } from './spawn-partition.ts';

/** Longer than a passphrase takes to be stretched, and than a wrong one is held back. */
const STALL_MS = 120_000;
const GREETING_MS = 30_000;
const FORESEEN_MS = 60_000;

/** Ended by being disposed of, unless it has ended by itself. @throws CryptoError why the module does not start */
export async function startCeremony(
  place: PartitionPath,
  process = new Partition(spawnPartition(place, 'ceremony'), STALL_MS),
): Promise<Partition> {
  try {
    await greet(process, GREETING_MS);
    return process;
  } catch (error) {
    process.kill();
    throw error;
  }
}

/** What a ceremony needs of the partitions. */
interface Partitions {
  /** The module is neither blank nor locked. */
  readonly isOpen: boolean;
  readonly hello: Hello;
  pick(): Partition | Promise<Partition>;
  /** One process has the seal key: so have all partitions, before this resolves. */
  spreadFrom(opened: Partition): Promise<void>;
}

export class Ceremonies implements AsyncDisposable {
  readonly #place: PartitionPath;
  readonly #partitions: Partitions;
  /** Waits for secrets while the module is locked. */
  #unlocking: Promise<Partition> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #running = new Set<Partition>();
  /** It has loaded, and reads no file before it is greeted. */
  #spare: Partition | undefined;

  constructor(place: PartitionPath, partitions: Partitions) {
    this.#place = place;
    this.#partitions = partitions;
  }

  /** One message in a process of its own. @throws CryptoError */
  run<M extends MessageName>(name: M, payload: Buffer): Promise<ReplyOf<M>> {
    const result = this.#last.then(() => this.#run(name, payload));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<M extends MessageName>(name: M, payload: Buffer): Promise<ReplyOf<M>> {
    const isShown = name === 'showSeal';
    // It alone knows how often it was tried.
    if (isShown && this.#unlocking !== undefined) return askEncoded(await this.#unlocking, name, payload);
    // What anybody may know of a seal is told of whatever lies there, also of what partitions do not open any more.
    const giver = this.#partitions.isOpen && !isShown ? await this.#partitions.pick() : undefined;
    const known = giver && (await ask(giver, 'stateInUse', {}));
    const spare = this.#spare;
    this.#spare = undefined;
    await using process = await startCeremony(this.#place, spare?.lost === true ? undefined : spare);
    this.#running.add(process);
    try {
      if (giver !== undefined && known !== undefined) {
        if ((await ask(process, 'hello', {})).state === 'locked') await handOver(giver, process);
        await ask(process, 'noteState', known);
      }
      return await askEncoded(process, name, payload);
    } finally {
      this.#running.delete(process);
    }
  }

  /** One is about to be wanted: its process loads meanwhile, and ends where it is not. */
  foresee(): void {
    this.#spare?.kill();
    const spare = new Partition(spawnPartition(this.#place, 'ceremony'), STALL_MS);
    this.#spare = spare;
    setTimeout(() => this.#spare === spare && spare.kill(), FORESEEN_MS).unref();
  }

  async unlockCertificate(): Promise<Buffer> {
    return Buffer.from((await ask(await this.#waiting(), 'unlockKey', {})).certificate);
  }

  /** @throws CryptoError BadRequest when nobody waits with that certificate; SealRefused */
  async unlock(request: RequestOf<'unlock'>): Promise<ReplyOf<'unlock'>> {
    if (this.#unlocking === undefined) {
      throw new CryptoError(
        'BadRequest',
        'recipient: no partition here waits with this unlock certificate: ask for a new one',
      );
    }
    const process = await this.#unlocking;
    const reply = await ask(process, 'unlock', request);
    await this.#opened(process);
    return reply;
  }

  async unlockFromFile(): Promise<void> {
    const process = await this.#waiting();
    await ask(process, 'unlockFromFile', {});
    await this.#opened(process);
  }

  /** The module is open, by whomever. */
  async endUnlocking(): Promise<void> {
    const unlocking = this.#unlocking;
    this.#unlocking = undefined;
    await (await unlocking?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#spare?.kill();
    for (const process of this.#running) process.kill();
    await Promise.all([this.#last, this.endUnlocking(), this.#spare?.gone]);
  }

  /** @throws CryptoError WrongState while the module is open: no secret is asked for then */
  async #waiting(): Promise<Partition> {
    if (this.#partitions.isOpen) {
      throw new CryptoError(
        'WrongState',
        `unlockKey is not allowed while the module is ${this.#partitions.hello.state}`,
      );
    }
    if (this.#unlocking !== undefined) return this.#unlocking;
    const starting = startCeremony(this.#place);
    this.#unlocking = starting;
    // Packets and secrets for one that is gone open nothing: whoever asks next gets another.
    const forget = (): void => {
      if (this.#unlocking === starting) this.#unlocking = undefined;
    };
    starting.then(({ gone }) => gone.then(forget), forget);
    return starting;
  }

  async #opened(process: Partition): Promise<void> {
    await this.#partitions.spreadFrom(process);
    await this.endUnlocking();
  }
}
