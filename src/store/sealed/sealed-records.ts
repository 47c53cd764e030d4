// The records of one process over a store that others write to as well: looks before it serves, commits with a guard on
// the head, and serves nothing more once the store was found tampered with.
import { given } from '../../formats/given.ts';
import type { NamedHead } from '../../formats/named-head.ts';
import { StoreError } from '../port.ts';
import { catchUp, type Source } from './catch-up.ts';
import type { SealedHead } from './head.ts';
import type { HeadEntries } from './head-entries.ts';
import { unavailable } from './open-rows.ts';
import { type Asked, MAX_SHARING, type Planned, type Planning, planGroup } from './plan-group.ts';
import { commitWithOutcome, type Prepared, prepareCommit } from './prepare-commit.ts';
import type { Apply, EntriesOf, Head, HeadLog, Records } from './records.ts';
import { type State, type Step, takeStep } from './state.ts';
import { Turns } from './turns.ts';

/** Every lost race is another's commit, so this many in a row mean that something is wrong. */
const ATTEMPTS = 64;

/** What is planned, rights and times among it, holds for as long without being looked at again, in ms. */
const PLAN_HOLDS_MS = 250;

/** none · own: a commit of ours has an unknown outcome · others: somebody else wrote, the head must have moved. */
type Doubt = 'none' | 'own' | 'others';

interface Parts extends Planning {
  readonly apply: Apply;
  readonly entries: HeadEntries;
  readonly log: HeadLog;
}

export class SealedRecords implements Records {
  readonly #source: Source;
  readonly #parts: Parts;
  /** Changes that wait for a commit, in the order of asking. */
  readonly #asked: Asked[] = [];
  readonly #updates = new Turns();
  /** Whoever moves the state: a look, or a commit with what follows it. */
  readonly #moves = new Turns();
  #state: State;
  #head: Head;
  /** Sequence of the newest head that is known to have all its entries. */
  #settled = 0;
  #doubt: Doubt = 'none';
  /** The newest look asked for, while it is not over. */
  #look: Promise<void> | undefined;
  /** It has not begun yet: what is committed now, it will see. */
  #lookWaits = false;
  /** Why nothing is served any more. */
  #end: StoreError | undefined;

  constructor(source: Source, parts: Parts, state: State) {
    this.#source = source;
    this.#parts = parts;
    this.#state = state;
    this.#head = withoutCount(state.head);
  }

  /** Entries of the newest log that was signed before the head at opening, as that head says; later ones need not be asked. */
  get signedLog(): number {
    return this.#state.head.log ?? 0;
  }

  get head(): Head {
    return this.#head;
  }

  /** The newest head that the audit log has to name, and in how many entries. */
  get named(): NamedHead {
    return this.#parts.entries.namedOf(this.#state.head);
  }

  /** Whether the log may name it though it is after that one. */
  hasUnnamed(head: NamedHead): boolean {
    return this.#parts.entries.hasUnnamed(head, this.#state.head);
  }

  refresh(): Promise<void> | undefined {
    try {
      this.#checkServing();
      const changed = this.#source.store.changed();
      if (typeof changed === 'boolean') return this.#lookIf(changed);
      return changed.then((late) => this.#lookIf(late));
    } catch (error) {
      return rejection(error);
    }
  }

  update(plan: Asked['plan'], entries: EntriesOf = () => 1): Promise<Head> {
    const asked = { plan, entries, ...Promise.withResolvers<Head>() };
    this.#asked.push(asked);
    // For each a turn: whose finds nothing left was served in one before.
    void this.#updates.run(() => this.#commitAsked());
    return asked.promise;
  }

  /** As many as can share a commit. */
  async #commitAsked(): Promise<void> {
    // What else is asked for in this turn of the loop comes along.
    if (this.#asked.length > 0) await new Promise(setImmediate);
    let group: readonly Planned[] = this.#asked.slice(0, 1).map((asked) => ({ asked, changes: [], entries: 0 }));
    if (group.length === 0) return;
    let most = MAX_SHARING;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        await this.refresh();
        const base = this.#state;
        group = this.#plan(this.#parts.log.countsEntries ? most : 1);
        const planned = group.filter(({ changes }) => changes.length > 0);
        const entries = planned.reduce((sum, each) => sum + each.entries, 0);
        const prepared = planned.length === 0 ? undefined : await this.#prepare(base, planned, entries);
        if (prepared === 'late') continue;
        if (prepared === undefined) {
          this.#checkServing();
          // What one removes another has removed meanwhile: the plan has to see that, and may refuse.
          if (this.#state !== base) continue;
        } else {
          if (!(await this.#moves.run(() => this.#commit(base, prepared)))) {
            // What takes less time to prepare is less often too late.
            most = Math.max(1, group.length >> 1);
            continue;
          }
          await this.note(prepared.step);
        }
        this.#asked.splice(0, group.length);
        return settle(group, this.#head, prepared?.step.head, entries);
      }
      throw new StoreError('Conflict', 'other processes changed the store at every attempt');
    } catch (error) {
      this.#asked.splice(0, group.length);
      fail(group, error);
    }
  }

  #plan(most: number): readonly Planned[] {
    try {
      return planGroup(this.#asked, most, this.#parts);
    } catch (cause) {
      this.#end = new StoreError('Damaged', 'what was planned could not be taken back', { cause });
      throw this.#end;
    }
  }

  /** Nothing is committed upon a head before all its entries are on record: so of the newest alone some may be missing, ever. */
  async #prepare(base: State, planned: readonly Planned[], entries: number): Promise<Prepared | 'late' | undefined> {
    const besides = this.#parts.entries.changeAfter(base.head, entries);
    const plans = planned.map(({ changes }) => changes);
    const [prepared, tookMs] = await Promise.all([
      prepareCommit(this.#source, base, plans, besides === undefined ? [] : [besides]),
      this.#settleBoth(this.named, base.head),
    ]);
    return tookMs > PLAN_HOLDS_MS ? 'late' : prepared;
  }

  /** A head that no entry is to name is none that the log names another of. @returns how long it took, in ms */
  async #settleBoth(named: NamedHead, { sequence, hash }: SealedHead): Promise<number> {
    const since = performance.now();
    await this.#settle(named);
    await this.#settle({ sequence, hash, entries: 0 });
    return performance.now() - since;
  }

  async #settle(head: NamedHead): Promise<void> {
    if (head.sequence <= this.#settled) return;
    try {
      await this.#parts.log.settle(head);
    } catch (error) {
      const what = 'the audit log does not tell whether all of the commit before is on record';
      throw error instanceof StoreError
        ? this.#endIfRefused(error)
        : new StoreError('Unavailable', what, { cause: error });
    }
    this.#settled = head.sequence;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#updates.idle();
    this.#end ??= new StoreError('Unavailable', 'the records are closed');
    await this.#moves.idle();
  }

  #lookIf(changed: boolean): Promise<void> | undefined {
    // A look that has read the store already covers all that was committed before this call.
    if (!changed && this.#doubt === 'none') return this.#look;
    if (this.#look !== undefined && this.#lookWaits) return this.#look;
    this.#lookWaits = true;
    const look = this.#moves
      .run(() => this.#lookNow())
      .finally(() => {
        if (this.#look === look) this.#look = undefined;
      });
    this.#look = look;
    return look;
  }

  async #lookNow(): Promise<void> {
    this.#lookWaits = false;
    this.#checkServing();
    if (await this.#source.store.changed()) this.#doubt = 'others';
    if (this.#doubt === 'none') return;
    try {
      // The doubt stays until the look has succeeded: the store reports a change only once.
      const step = await catchUp(this.#source, this.#state, this.#doubt === 'others');
      if (step !== undefined) this.#take(step);
      this.#doubt = 'none';
    } catch (error) {
      throw this.#endIfRefused(error);
    }
  }

  /** False: the plan was made on a state that is no more. */
  async #commit(base: State, prepared: Prepared): Promise<boolean> {
    this.#checkServing();
    if (this.#state !== base) return false;
    let outcome: 'committed' | 'conflict';
    try {
      outcome = await commitWithOutcome(this.#source.store, prepared);
    } catch (error) {
      if (this.#doubt === 'none') this.#doubt = 'own';
      throw this.#endIfRefused(error);
    }
    if (outcome === 'conflict') {
      this.#doubt = 'others';
      return false;
    }
    this.#take(prepared.step);
    return true;
  }

  #take(step: Step): void {
    try {
      this.#state = takeStep(this.#state, step, this.#parts.apply);
      this.#head = withoutCount(step.head);
    } catch (cause) {
      // Half of the step is applied: nothing that is in memory may be served.
      this.#end = new StoreError('Damaged', 'a record could not be taken over', { cause });
      throw this.#end;
    }
  }

  /**
   * Shows the module a head that is the newest for good. The commit stands whatever happens here; without the note it would be easier
   * to roll back, so it is not answered. @throws StoreError
   */
  async note({ head: { sequence }, sealedHead }: Pick<State, 'head' | 'sealedHead'> = this.#state): Promise<void> {
    try {
      if (sequence > 0) await this.#source.sealer.noteHead(sequence, this.#source.headKey, sealedHead);
    } catch (error) {
      throw this.#endIfRefused(unavailable(error));
    }
  }

  #endIfRefused(error: unknown): unknown {
    if (error instanceof StoreError && error.code === 'Refused') this.#end = error;
    return error;
  }

  #checkServing(): void {
    if (this.#end !== undefined) throw this.#end;
  }
}

/** @param committed undefined: nothing was changed @param entries that name it */
function settle(group: readonly Planned[], present: Head, committed: SealedHead | undefined, entries: number): void {
  const none: Head = { ...(committed === undefined ? present : withoutCount(committed)), entries: 0 };
  const named: Head = entries === 1 ? withoutCount({ ...none }) : { ...none, entries };
  for (const { asked, refusal, entries: own } of group) {
    if (refusal !== undefined) asked.reject(refusal.reason);
    else asked.resolve(committed === undefined || own === 0 ? none : named);
  }
}

/** A refusal on the state that there was is one, whatever became of the changes after it. */
function fail(group: readonly Planned[], error: unknown): void {
  const first = group.findIndex(({ changes }) => changes.length > 0);
  for (const [index, { asked, refusal }] of group.entries()) {
    asked.reject(refusal !== undefined && (first === -1 || index < first) ? refusal.reason : error);
  }
}

function withoutCount({ sequence, hash, generation }: Head): Head {
  return { sequence, hash, ...given({ generation }) };
}

/** Callers of `refresh` look for a promise only. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}
