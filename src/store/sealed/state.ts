// What a process holds of a verified store, and the one way in which it moves: a whole step at a time.
import { Buffer } from 'node:buffer';
import type { SealedHead } from './head.ts';
import type { Apply, Change } from './records.ts';
import { markOf, type SetHash } from './set-hash.ts';

/** What is kept of a record in memory. */
export interface Entry {
  readonly name: string;
  readonly revision: number;
  readonly mark: string;
}

export interface State {
  /** Of sequence 0 while the store is empty. */
  readonly head: SealedHead;
  /** As it is in the store, empty while that is: what the next head is sealed after. */
  readonly sealedHead: Uint8Array;
  readonly hash: SetHash;
  /** By `entryKey`, without the head; changed in place by `takeStep`, for the sake of large stores. */
  readonly entries: Map<string, Entry>;
}

export interface StepChange extends Change {
  /** `entryKey` of the record. */
  readonly key: string;
  /** Undefined: deleted. */
  readonly entry: Entry | undefined;
}

/** From one verified head to a later one. */
export interface Step extends Omit<State, 'entries'> {
  readonly changes: readonly StepChange[];
}

export function entryKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** @param sealed what is in the row */
export function entryOf(name: string, key: Uint8Array, revision: number, sealed: Uint8Array): Entry {
  return { name, revision, mark: markOf(key, revision, sealed) };
}

/** Hash and count of records once the changes are made. */
export function sumAfter(state: State, changes: readonly StepChange[]): { hash: SetHash; records: number } {
  const hash = state.hash.copy();
  let records = state.entries.size;
  for (const { key, entry } of changes) {
    const before = state.entries.get(key);
    if (before !== undefined) hash.remove(before.mark);
    if (entry !== undefined) hash.add(entry.mark);
    records += (entry === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  }
  return { hash, records };
}

export function takeStep({ entries }: State, { changes, ...after }: Step, apply: Apply): State {
  for (const { key, entry, name, value } of changes) {
    if (entry === undefined) entries.delete(key);
    else entries.set(key, entry);
    apply({ name, value });
  }
  return { ...after, entries };
}
