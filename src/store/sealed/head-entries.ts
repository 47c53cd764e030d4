// How many entries of the audit log are to name a head, wherever that is not one. A record beside it, written in the same commit, and
// no member of the head: versions before read no head that has more, and leave records alone that they do not know.

import { type NamedHead, NO_HEAD } from '../../formats/named-head.ts';
import { integer, list, record, text } from '../../formats/shape.ts';
import { StoreError } from '../port.ts';
import type { SealedHead } from './head.ts';
import type { Change } from './records.ts';

/** The record's name; no other record may have it. */
export const HEAD_ENTRIES = 'head/entries';

const sequence = integer(1, Number.MAX_SAFE_INTEGER);
const entries = integer(0, 0xffff_ffff);
const shape = record(
  { sequence, entries },
  /** Of a head that no entry names: the newest before it that some do, and the last of those between. */
  {
    before: record({ sequence: integer(0, Number.MAX_SAFE_INTEGER), hash: text, entries }),
    between: list(record({ sequence, hash: text })),
  },
);
/** More than there are while an older version is there as well. */
const MAX_BETWEEN = 64;

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

  /** What the log is to name of a store whose newest head it is. */
  namedOf({ sequence: at, hash }: SealedHead): NamedHead {
    if (at === 0) return NO_HEAD;
    const told = this.#of(at);
    return told?.before ?? { sequence: at, hash, entries: told?.entries ?? 1 };
  }

  /** Whether the log may name it though no entry is to: as versions before do in entries of what changed nothing. */
  hasUnnamed({ sequence, hash }: NamedHead, head: SealedHead): boolean {
    const all = [...(this.#of(head.sequence)?.between ?? []), head];
    return all.some((each) => each.sequence === sequence && (hash === '' || hash === each.hash));
  }

  #of(at: number): ReturnType<typeof shape> | undefined {
    return this.#newest?.sequence === at ? this.#newest : undefined;
  }

  /** What is committed with the next head. */
  changeAfter(head: SealedHead, count: number): Change | undefined {
    if (count === 1) return undefined;
    const value = { sequence: head.sequence + 1, entries: count, ...(count === 0 ? this.#beforeNext(head) : {}) };
    return { name: HEAD_ENTRIES, value: Buffer.from(JSON.stringify(value), 'utf8') };
  }

  #beforeNext(head: SealedHead) {
    const before = this.namedOf(head);
    if (before.sequence === head.sequence) return { before };
    const { between = [] } = this.#of(head.sequence) ?? {};
    return { before, between: [...between, { sequence: head.sequence, hash: head.hash }].slice(-MAX_BETWEEN) };
  }
}
