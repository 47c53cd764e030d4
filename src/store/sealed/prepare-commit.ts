// Turns a plan's changes into the rows of one commit: sealed for the next sequence, with the head that they add up to; and
// commits them.
import { Buffer } from 'node:buffer';
import { MAX_FRAME } from '../../formats/frames.ts';
import type { Guard, Row, Store } from '../port.ts';
import type { Source } from './catch-up.ts';
import { HEAD, type SealedHead } from './head.ts';
import { HEAD_ENTRIES } from './head-entries.ts';
import { IN_FLIGHT, isLive, type LiveRow, unavailable } from './open-rows.ts';
import type { Change } from './records.ts';
import { entryKey, entryOf, type State, type Step, type StepChange, sumAfter } from './state.ts';

/** What the module takes as a name, in bytes. */
const MAX_NAME = 1024;
/** A record travels in one frame, sealed and with its name. */
const MAX_VALUE = MAX_FRAME - 16 * 1024;

export interface Prepared {
  readonly guards: readonly Guard[];
  readonly writes: readonly Row[];
  readonly step: Step;
}

/**
 * All plans' changes in one commit: of those of one record the last is what is written. Answers undefined when they change nothing
 * (only absent records are deleted). The result is good only while the state stays at the head it had at the call.
 * @param plans checked, in their order @param besides what is written with them if they change anything @throws StoreError Unavailable
 */
export async function prepareCommit(
  source: Source,
  state: State,
  plans: readonly (readonly Change[])[],
  besides: readonly Change[],
): Promise<Prepared | undefined> {
  const changes = new Map<string, Change>();
  /** What one of them puts and a later one removes is a deletion, as others may have been told of it. */
  const made = new Set<string>();
  for (const change of plans.flat()) {
    changes.set(change.name, change);
    if (change.value !== null) made.add(change.name);
  }
  const sequence = state.head.sequence + 1;
  const guards: Guard[] = [{ key: source.headKey, revision: state.head.sequence }];
  const writes: Row[] = [];
  const steps: StepChange[] = [];
  for (const { change, key, sealed } of await sealAll(source, [...changes.values(), ...besides], sequence)) {
    const id = entryKey(key);
    const before = state.entries.get(id);
    const isDeleted = change.value === null;
    if (isDeleted && before === undefined && !made.has(change.name)) continue;
    guards.push({ key, revision: before?.revision ?? 0 });
    writes.push({ key, revision: sequence, value: isDeleted ? null : sealed });
    steps.push({ ...change, key: id, entry: isDeleted ? undefined : entryOf(change.name, key, sequence, sealed) });
  }
  if (writes.length === besides.length) return undefined;
  const { hash, records } = sumAfter(state, steps);
  const sum = { sequence, hash: hash.digest(), records };
  const { sealed: sealedHead, generation } = await asking(source.sealer.sealHead(sum, state.sealedHead));
  const head: SealedHead = generation === 0 ? sum : { ...sum, generation };
  writes.push({ key: source.headKey, revision: sequence, value: sealedHead });
  return { guards, writes, step: { head, sealedHead, hash, changes: steps } };
}

/** @throws TypeError when a plan breaks its contract */
export function checkChanges(changes: readonly Change[]): void {
  const names = new Set<string>();
  for (const { name, value } of changes) {
    if (
      name === '' ||
      name === HEAD ||
      name === HEAD_ENTRIES ||
      !name.isWellFormed() ||
      Buffer.byteLength(name) > MAX_NAME
    ) {
      throw new TypeError(`no record may be called "${name}"`);
    }
    if (value !== null && value.length > MAX_VALUE) throw new TypeError(`the value of "${name}" is too long`);
    if (names.has(name)) throw new TypeError(`a plan changes "${name}" twice`);
    names.add(name);
  }
}

/** A deletion is sealed too, only to learn the record's key. */
async function sealAll({ sealer }: Source, changes: readonly Change[], sequence: number) {
  const all: { readonly change: Change; readonly key: Uint8Array; readonly sealed: Uint8Array }[] = [];
  for (let at = 0; at < changes.length; at += IN_FLIGHT) {
    const batch = changes.slice(at, at + IN_FLIGHT).map(async (change) => ({
      change,
      ...(await asking(sealer.seal(change.name, sequence, change.value ?? new Uint8Array()))),
    }));
    all.push(...(await Promise.all(batch)));
  }
  return all;
}

async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}

/**
 * Commits it; the outcome is known wherever it can be, as a store may fail after it made the commit durable.
 * @throws StoreError: the commit did not happen, or nobody can tell now
 */
export async function commitWithOutcome(store: Store, { guards, writes }: Prepared): Promise<'committed' | 'conflict'> {
  try {
    return await store.commit(guards, writes);
  } catch (error) {
    // Rows of a commit come together, so one of them tells; sealed bytes are never the same twice.
    const sealed = writes.find(isLive);
    if (sealed !== undefined && (await isThere(store, sealed))) return 'committed';
    throw error;
  }
}

async function isThere(store: Store, row: LiveRow): Promise<boolean> {
  try {
    const found = await store.read(row.key);
    return (
      found !== undefined &&
      isLive(found) &&
      found.revision === row.revision &&
      Buffer.compare(found.value, row.value) === 0
    );
  } catch {
    // The failure of the commit is what the caller hears of.
    return false;
  }
}
