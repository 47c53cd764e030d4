// How many entries of the audit log are to name a head, wherever that is not one. A record beside it, written in the same commit, and
// no member of the head: versions before read no head that has more, and leave records alone that they do not know.

import { type NamedHead, NO_HEAD } from '../../formats/named-head.ts';
import { integer, record, text } from '../../formats/shape.ts';
import { StoreError } from '../port.ts';
import type { SealedHead } from './head.ts';
import type { Change } from './records.ts';

/** The record's name; no other record may have it. */
export const HEAD_ENTRIES = 'head/entries';

const sequence = integer(1, Number.MAX_SAFE_INTEGER);
const entries = integer(0, 0xffff_ffff);
const shape = record(
  { sequence, entries },
  /** Of a head that no entry names: the newest before it that some do. */
  { before: record({ sequence: integer(0, Number.MAX_SAFE_INTEGER), hash: text, entries }) },
);

export class HeadEntries {
  #newest: ReturnType<typeof shape> | undefined;

  /** @throws StoreError Damaged */
  take(value: Uint8Array | null): void {
    try {
      this.#newest = value === null ? undefined : shape(JSON.parse(Buffer.from(value).toString('utf8')), HEAD_ENTRIES);
    } catch (cause) {
      throw new StoreError('Damaged', `the record "${HEAD_ENTRIES}" is none`, { cause });
    }
  }

  /** An older version completed the log with the newest head, which no entry was to name. */
  takeNamed(head: SealedHead): void {
    if (this.namedOf(head).sequence < head.sequence) this.#newest = undefined;
  }

  /** What the log is to name of a store whose newest head it is. */
  namedOf({ sequence: at, hash }: SealedHead): NamedHead {
    if (at === 0) return NO_HEAD;
    const told = this.#newest?.sequence === at ? this.#newest : undefined;
    return told?.before ?? { sequence: at, hash, entries: told?.entries ?? 1 };
  }

  /** What is committed with the next head. */
  changeAfter(head: SealedHead, count: number): Change | undefined {
    if (count === 1) return undefined;
    const before = count === 0 ? { before: this.namedOf(head) } : {};
    const value = { sequence: head.sequence + 1, entries: count, ...before };
    return { name: HEAD_ENTRIES, value: Buffer.from(JSON.stringify(value), 'utf8') };
  }
}
