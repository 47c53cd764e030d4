// The log in the recorder's memory: takes entries, commits them in batches, grows the tree by them. Entries of one
// worker are stored in the order of their counters, each once; a failed write fails everything that waits.

import { LEAF, RECORD_HEAD } from '../formats/journal-format.ts';
import { prefixedLeafHash } from '../formats/merkle.ts';
import { lackingEntries, type NamedHead, withEntry } from '../formats/named-head.ts';
import { TILE_WIDTH, tilePath } from '../formats/tlog-tiles.ts';
import { Batch, type Waiter, type Worker } from './batch.ts';
import type { Journal, SegmentStart } from './journal.ts';
import type { BundleBuilder, PartialFile, Publisher } from './publisher.ts';
import type { TileTree } from './tile-tree.ts';

/** Workers whose counters a segment's header keeps: those that may still send an entry again, and many more. */
const MAX_REMEMBERED = 256;
/** Finished segments that may wait to be published before new entries wait for it. */
const MAX_FINISHED = 4;

export interface LogParts {
  readonly origin: string;
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly tree: TileTree;
  readonly bundle: BundleBuilder;
  readonly workers: Map<string, Worker>;
  readonly newestHead: NamedHead;
  readonly checkpointSize: number;
  readonly maxBatch: number;
}

interface Question {
  readonly head: NamedHead;
  readonly tell: (newest: NamedHead) => void;
}

/** The tree at one size, with the files that a checkpoint of it needs. */
export interface Snapshot {
  readonly size: number;
  readonly root: Buffer;
  readonly partials: readonly PartialFile[];
}

export class Log implements AsyncDisposable {
  readonly #parts: LogParts;
  readonly #workers: Map<string, Worker>;
  #queue: Batch[] = [];
  #committing: Batch | undefined;
  #scheduled = false;
  #spareBuffer: Buffer | undefined;
  #running: Promise<void> | undefined;
  #queuedBytes = 0;
  #newestHead: NamedHead;
  /** Who waits for entries of a head, one question of each. */
  readonly #asked = new Map<object, Question>();
  checkpointSize: number;
  /** Called when waiting entries have been written. */
  onProgress: () => void = () => {};

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#workers = parts.workers;
    this.#newestHead = parts.newestHead;
    this.checkpointSize = parts.checkpointSize;
  }

  get origin(): string {
    return this.#parts.origin;
  }
  get size(): number {
    return this.#parts.tree.size;
  }
  get newestHead(): NamedHead {
    return this.#newestHead;
  }

  /** Tells the newest head once the log lacks no entry of the one asked about, or when others are told in any case. */
  whenNamed(by: object, question: Question): void {
    if (!lackingEntries(question.head, this.#newestHead)) return question.tell(this.#newestHead);
    this.#asked.get(by)?.tell(this.#newestHead);
    this.#asked.set(by, question);
  }

  forget(by: object): void {
    this.#asked.delete(by);
  }

  /** In any case. */
  tellAll(): void {
    this.#tell(() => true);
  }
  /** Bytes that wait to be written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  worker(nonce: Buffer): Worker {
    const name = nonce.toString('hex');
    const worker = this.#workers.get(name) ?? { nonce: Buffer.from(nonce), accepted: 0, durable: 0 };
    // Last in the map: the most recently seen are remembered longest.
    this.#workers.delete(name);
    this.#workers.set(name, worker);
    return worker;
  }

  /** Takes an entry, or waits for it if it was taken before. `commit` must follow. */
  append(waiter: Waiter, counter: number, headSequence: number, entry: Uint8Array): void {
    const { worker } = waiter;
    if (counter <= worker.durable) {
      waiter.acknowledge(counter);
      return;
    }
    let batch = this.#queue.at(-1);
    if (batch === undefined || !batch.takes(entry.length)) {
      batch = new Batch(this.#nextIndex(), this.#parts.maxBatch, this.#spareBuffer);
      this.#spareBuffer = undefined;
      this.#queue.push(batch);
    }
    if (counter <= worker.accepted) {
      batch.wait(waiter, counter);
      return;
    }
    batch.add(waiter, counter, headSequence, entry);
    worker.accepted = counter;
    this.#queuedBytes += RECORD_HEAD + entry.length;
  }

  /** Writes what was taken at the end of this turn of the loop, together with what others send in it. */
  commit(): void {
    if (this.#scheduled || this.#running !== undefined || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
      });
    });
  }

  snapshot(): Snapshot {
    const { tree, bundle } = this.#parts;
    const partials = tree.partialTiles().map(({ level, index, width, tile }) => {
      return { path: tilePath(level, index, width), bytes: tile };
    });
    if (bundle.count > 0) {
      const path = tilePath('entries', Math.floor(tree.size / TILE_WIDTH), bundle.count);
      partials.push({ path, bytes: bundle.bytes });
    }
    return { size: tree.size, root: tree.root(), partials };
  }

  /** Publishes a signed checkpoint of the snapshot. */
  async publish(note: string, snapshot: Snapshot): Promise<void> {
    await this.#parts.publisher.checkpoint(note, snapshot.partials);
    this.checkpointSize = snapshot.size;
    await this.#parts.journal.drop(snapshot.size - (snapshot.size % TILE_WIDTH));
  }

  /** Makes what is published durable and lets go of journal segments that are no longer needed. */
  async tidy(): Promise<void> {
    if (this.#parts.journal.finished.length === 0) return;
    const published = this.size - (this.size % TILE_WIDTH);
    await this.#parts.publisher.flush();
    await this.#parts.journal.drop(published);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
    await this.#parts.publisher.flush();
    await this.#parts.journal[Symbol.asyncDispose]();
  }

  #nextIndex(): number {
    const last = this.#queue.at(-1) ?? this.#committing;
    return last === undefined ? this.size : last.first + last.count;
  }

  async #run(): Promise<void> {
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      this.#committing = batch;
      try {
        if (!this.#parts.journal.hasRoom(batch.length)) await this.#makeRoom(batch);
        if (batch.count > 0) this.#parts.journal.write(batch.bytes);
        this.#settle(batch);
      } catch (error) {
        this.#fail(batch, error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  async #makeRoom(batch: Batch): Promise<void> {
    if (this.#parts.journal.finished.length >= MAX_FINISHED) await this.tidy();
    await this.#parts.journal.makeRoom(batch.length, this.#segmentStart(batch.first));
  }

  #segmentStart(first: number): SegmentStart {
    const workers = [...this.#workers.values()].filter(({ durable }) => durable > 0).slice(-MAX_REMEMBERED);
    return {
      origin: this.#parts.origin,
      first,
      newestHead: this.#newestHead,
      workers: workers.map(({ nonce, durable }) => ({ nonce, counter: durable })),
    };
  }

  #settle(batch: Batch): void {
    this.#committing = undefined;
    this.#queuedBytes -= batch.length;
    this.#newestHead = batch.heads.reduce(withEntry, this.#newestHead);
    for (const [worker, counter] of batch.counters) worker.durable = counter;
    for (const [waiter, counter] of batch.waiters) waiter.acknowledge(counter);
    this.#tell();
    this.#grow(batch);
    this.#spareBuffer = batch.buffer;
    this.onProgress();
  }

  #tell(isDue = (head: NamedHead): boolean => !lackingEntries(head, this.#newestHead)): void {
    for (const [by, { head, tell }] of this.#asked) {
      if (!isDue(head)) continue;
      this.#asked.delete(by);
      tell(this.#newestHead);
    }
  }

  /** Later entries cannot stand without the earlier ones, so all that wait fail together. */
  #fail(batch: Batch, failure: Error): void {
    const failed = [batch, ...this.#queue];
    this.#committing = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    const waiters = new Map<Waiter, number>();
    for (const each of failed) for (const [waiter, counter] of each.waiters) waiters.set(waiter, counter);
    for (const worker of this.#workers.values()) worker.accepted = worker.durable;
    for (const [waiter, counter] of waiters) waiter.fail(counter, failure.message);
    this.onProgress();
  }

  #grow(batch: Batch): void {
    const { bytes, offsets } = batch;
    for (let i = 0; i < offsets.length; i++) {
      const at = offsets[i] as number;
      growByRecord(this.#parts, bytes.subarray(at + LEAF, offsets[i + 1] ?? bytes.length));
    }
  }
}

/** Adds an entry, behind its zero byte, to the tree and to its bundle; a bundle that fills is published. */
export function growByRecord(
  { tree, bundle, publisher }: Pick<LogParts, 'tree' | 'bundle'> & { readonly publisher: Pick<Publisher, 'add'> },
  zeroThenEntry: Buffer,
): void {
  const full = bundle.add(zeroThenEntry.subarray(1));
  if (full !== undefined) publisher.add('entries', Math.floor(tree.size / TILE_WIDTH), full);
  tree.push(prefixedLeafHash(zeroThenEntry));
}
