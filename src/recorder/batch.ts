// Entries on their way to the journal, already laid out as its records: what is written, and who waits for it.
import { RECORD_HEAD, sealRecord } from '../formats/journal-format.ts';
import { headNamedBy, type NamedHead, NO_HEAD } from '../formats/named-head.ts';

/** A worker process, across its connections. Its counters only grow. */
export interface Worker {
  readonly nonce: Buffer;
  /** Highest counter taken into a batch or stored. */
  accepted: number;
  /** Highest counter that is durable. */
  durable: number;
}

/** Who is told how far its worker's entries got. */
export interface Waiter {
  readonly worker: Worker;
  acknowledge(through: number): void;
  fail(through: number, message: string): void;
}

/** Which head it is says the record, and all else of it the entry. */
export function headOf(entry: Uint8Array, sequence: number): NamedHead {
  const named = headNamedBy(Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength));
  return named?.sequence === sequence ? named : { ...NO_HEAD, sequence, entries: 1 };
}

export class Batch {
  readonly first: number;
  readonly #limit: number;
  #buffer: Buffer;
  #length = 0;
  /** Offsets of the records; the next record's offset ends one. */
  readonly offsets: number[] = [];
  readonly waiters: Map<Waiter, number> = new Map();
  readonly counters: Map<Worker, number> = new Map();
  /** Heads that its entries name, in their order. */
  readonly heads: NamedHead[] = [];

  /** @param buffer one that an earlier batch used and nobody reads any more */
  constructor(first: number, limit: number, buffer?: Buffer) {
    this.first = first;
    this.#limit = limit;
    this.#buffer = buffer ?? Buffer.allocUnsafeSlow(Math.min(limit, 64 * 1024));
  }

  /** The whole buffer, for the next batch once this one is done. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
  get length(): number {
    return this.#length;
  }
  get count(): number {
    return this.offsets.length;
  }

  takes(entryLength: number): boolean {
    return this.#length + RECORD_HEAD + entryLength <= this.#limit;
  }

  add(waiter: Waiter, counter: number, headSequence: number, entry: Uint8Array): void {
    const at = this.#length;
    const end = at + RECORD_HEAD + entry.length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.set(entry, at + RECORD_HEAD);
    sealRecord(this.#buffer, at, entry.length, {
      index: this.first + this.offsets.length,
      batch: this.first,
      nonce: waiter.worker.nonce,
      counter,
      headSequence,
    });
    this.offsets.push(at);
    this.#length = end;
    this.counters.set(waiter.worker, counter);
    this.waiters.set(waiter, counter);
    if (headSequence > 0) this.heads.push(headOf(entry, headSequence));
  }

  /** Waits with the batch for an entry that an earlier one holds. */
  wait(waiter: Waiter, counter: number): void {
    const known = this.waiters.get(waiter);
    if (known === undefined || known < counter) this.waiters.set(waiter, counter);
  }

  #grow(needed: number): void {
    let size = this.#buffer.length;
    while (size < needed) size *= 2;
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(size, needed), Math.max(this.#limit, needed)));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
