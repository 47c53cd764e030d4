// Turns a plan's changes into the rows of one commit: sealed for the next sequence, with the head that they add up to; and
// commits them.
import { Buffer } from 'node:buffer';
import { MAX_FRAME } from '../../formats/frames.ts';
import type { Guard, Row, Store } from '../port.ts';
import type { Source } from './catch-up.ts';
import { HEAD, type SealedHead } from './head.ts';
import { IN_FLIGHT, isLive, type LiveRow, unavailable } from './open-rows.ts';
import type { Change } from './records.ts';
import { type Entry, entryKey, entryOf, type State, type Step, type StepChange } from './state.ts';

/** What the module takes as a name, in bytes. */
const MAX_NAME = 1024;
/** A record travels in one frame, sealed and with its name. */
const MAX_VALUE = MAX_FRAME - 16 * 1024;

export interface Prepared {
  readonly guards: readonly Guard[];
  readonly writes: readonly Row[];
  readonly step: Step;
  /** Of each plan, as if it had been committed by itself. */
  readonly heads: readonly SealedHead[];
}

/**
 * One commit of several plans' changes, in their order, each with a sequence of its own; those that change nothing (only absent
 * records are deleted) have none. The result is good only while the state stays at the head it had at the call.
 * @param plans checked @throws StoreError Unavailable
 */
export async function prepareCommit(
  source: Source,
  state: State,
  plans: readonly (readonly Change[])[],
): Promise<Prepared> {
  let effective = plans;
  for (;;) {
    const sum = addUp(state, await sealAll(source, effective, state.head.sequence));
    // Which records there are is known by their keys, so only now: what comes after an idle plan is sealed again.
    if (effective.every((changes, index) => changes.length === 0 || sum.changed[index])) {
      return finish(source, state, sum);
    }
    effective = effective.map((changes, index) => (sum.changed[index] === true ? changes : []));
  }
}

interface SealedChange {
  readonly change: Change;
  readonly key: Uint8Array;
  readonly sealed: Uint8Array;
}

interface SealedPlan {
  readonly sequence: number;
  readonly changes: readonly SealedChange[];
}

type Sum = ReturnType<typeof addUp>;

function addUp(state: State, plans: readonly SealedPlan[]) {
  const hash = state.hash.copy();
  let records = state.entries.size;
  const guards = new Map<string, Guard>();
  const writes = new Map<string, Row>();
  const steps: StepChange[] = [];
  const latest = new Map<string, Entry | undefined>();
  const heads: SealedHead[] = [];
  const changed: boolean[] = [];
  for (const { sequence, changes } of plans) {
    const before = steps.length;
    for (const { change, key, sealed } of changes) {
      const id = entryKey(key);
      const held = state.entries.get(id);
      const old = latest.has(id) ? latest.get(id) : held;
      const isDeleted = change.value === null;
      if (isDeleted && old === undefined) continue;
      const entry = isDeleted ? undefined : entryOf(change.name, key, sequence, sealed);
      if (old !== undefined) hash.remove(old.mark);
      if (entry !== undefined) hash.add(entry.mark);
      records += (entry === undefined ? 0 : 1) - (old === undefined ? 0 : 1);
      latest.set(id, entry);
      guards.set(id, { key, revision: held?.revision ?? 0 });
      writes.set(id, { key, revision: sequence, value: isDeleted ? null : sealed });
      steps.push({ ...change, key: id, entry });
    }
    const isChanged = steps.length > before;
    changed.push(isChanged);
    heads.push(isChanged ? { sequence, hash: hash.digest(), records } : (heads.at(-1) ?? state.head));
  }
  return { hash, guards, writes, steps, heads, changed };
}

async function finish(source: Source, state: State, { hash, guards, writes, steps, heads }: Sum): Promise<Prepared> {
  const sum = heads.at(-1) ?? state.head;
  const ahead = sum.sequence - state.head.sequence;
  if (ahead === 0) return { guards: [], writes: [], step: { ...state, changes: [] }, heads };
  const { sealed: sealedHead, generation } = await asking(source.sealer.sealHead(sum, state.sealedHead, ahead));
  const named = (head: SealedHead): SealedHead =>
    generation === 0 || head.sequence === state.head.sequence ? head : { ...head, generation };
  return {
    guards: [{ key: source.headKey, revision: state.head.sequence }, ...guards.values()],
    writes: [...writes.values(), { key: source.headKey, revision: sum.sequence, value: sealedHead }],
    step: { head: named(sum), sealedHead, hash, changes: steps },
    heads: heads.map(named),
  };
}

/** @throws TypeError when a plan breaks its contract */
export function checkChanges(changes: readonly Change[]): void {
  const names = new Set<string>();
  for (const { name, value } of changes) {
    if (name === '' || name === HEAD || !name.isWellFormed() || Buffer.byteLength(name) > MAX_NAME) {
      throw new TypeError(`no record may be called "${name}"`);
    }
    if (value !== null && value.length > MAX_VALUE) throw new TypeError(`the value of "${name}" is too long`);
    if (names.has(name)) throw new TypeError(`a plan changes "${name}" twice`);
    names.add(name);
  }
}

/** A deletion is sealed too, only to learn the record's key. */
async function sealAll(
  { sealer }: Source,
  plans: readonly (readonly Change[])[],
  after: number,
): Promise<readonly SealedPlan[]> {
  let sequence = after;
  const numbered = plans.map((changes) => ({ sequence: changes.length === 0 ? sequence : ++sequence, changes }));
  const all = numbered.flatMap((plan) => plan.changes.map((change) => ({ change, sequence: plan.sequence })));
  const sealed: SealedChange[] = [];
  for (let at = 0; at < all.length; at += IN_FLIGHT) {
    const batch = all.slice(at, at + IN_FLIGHT).map(async ({ change, sequence: revision }) => ({
      change,
      ...(await asking(sealer.seal(change.name, revision, change.value ?? new Uint8Array()))),
    }));
    sealed.push(...(await Promise.all(batch)));
  }
  let next = 0;
  return numbered.map((plan) => ({
    sequence: plan.sequence,
    changes: sealed.slice(next, (next += plan.changes.length)),
  }));
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
