// What a process holds of a verified store, and the one way in which it moves: a whole step at a time.
import { type SealedHead } from './head.ts';
import type { Entry } from './read-everything.ts';
import type { Apply, Change } from './records.ts';
import type { SetHash } from './set-hash.ts';

export interface State {
  readonly head: SealedHead;
  /** As it is in the store, empty while that is: what the next head is sealed after. */
  readonly sealedHead: Uint8Array;
  readonly hash: SetHash;
  /** By `entryKey`; changed in place by `takeStep`, for the sake of large stores. */
  readonly entries: Map<string, Entry>;
}

export interface StepChange extends Change {
  /** `entryKey` of the record. */
  readonly key: string;
  /** Undefined: deleted. */
  readonly entry: Entry | undefined;
}

/** From one verified head to a later one. */
export interface Step {
  readonly head: SealedHead;
  readonly sealedHead: Uint8Array;
  readonly hash: SetHash;
  readonly changes: readonly StepChange[];
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

export function takeStep(state: State, step: Step, apply: Apply): State {
  for (const { key, entry, name, value } of step.changes) {
    if (entry === undefined) state.entries.delete(key);
    else state.entries.set(key, entry);
    apply({ name, value });
  }
  return { head: step.head, sealedHead: step.sealedHead, hash: step.hash, entries: state.entries };
}
