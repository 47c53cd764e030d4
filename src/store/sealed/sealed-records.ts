// The records of one process over a store that others write to as well: looks before it serves, commits with a guard on
// the head, and serves nothing more once the store was found tampered with.
import { StoreError } from '../port.ts';
import { catchUp, type Source } from './catch-up.ts';
import { unavailable } from './open-rows.ts';
import { type Asked, type Planned, type Planning, planGroup } from './plan-group.ts';
import { commitWithOutcome, type Prepared, prepareCommit } from './prepare-commit.ts';
import type { Apply, Commit, Head, Records } from './records.ts';
import { type State, type Step, takeStep } from './state.ts';
import { Turns } from './turns.ts';

/** Every lost race is another's commit, so this many in a row mean that something is wrong. */
const ATTEMPTS = 64;

/** none · own: a commit of ours has an unknown outcome · others: somebody else wrote, the head must have moved. */
type Doubt = 'none' | 'own' | 'others';

export class SealedRecords implements Records {
  readonly #source: Source;
  readonly #apply: Apply;
  readonly #planning: Planning;
  /** In the order of asking. */
  #asked: Asked[] = [];
  readonly #updates = new Turns();
  /** Heads that the module is being shown. */
  #notes: Promise<void> = Promise.resolve();
  /** Whoever moves the state: a look, or a commit with what follows it. */
  readonly #moves = new Turns();
  #state: State;
  #head: Head;
  #doubt: Doubt = 'none';
  /** The newest look asked for, while it is not over. */
  #look: Promise<void> | undefined;
  /** It has not begun yet: what is committed now, it will see. */
  #lookWaits = false;
  /** Why nothing is served any more. */
  #end: StoreError | undefined;

  constructor(source: Source, { apply, ...planning }: Planning & { readonly apply: Apply }, state: State) {
    this.#source = source;
    this.#apply = apply;
    this.#planning = planning;
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

  update(plan: Parameters<Commit>[0]): Promise<Head> {
    const asked = { plan, ...Promise.withResolvers<Head>() };
    this.#asked.push(asked);
    // For each a turn: whoever finds nothing left was served in one before.
    void this.#updates.run(() => this.#commitAsked());
    return asked.promise;
  }

  /** As many as can be made durable together. */
  async #commitAsked(): Promise<void> {
    // What else is asked for in this turn of the loop comes along.
    if (this.#asked.length > 0) await new Promise(setImmediate);
    const [first] = this.#asked;
    if (first === undefined) return;
    let group: readonly Planned[] = [{ asked: first, changes: [] }];
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        await this.refresh();
        const base = this.#state;
        group = await this.#plan();
        const plans = group.map(({ changes }) => changes);
        const prepared = await prepareCommit(this.#source, base, plans);
        const isIdle = prepared.writes.length === 0;
        if (isIdle) this.#checkServing();
        else if (!(await this.#moves.run(() => this.#commit(base, prepared)))) continue;
        this.#asked.splice(0, group.length);
        // The next group need not wait until the module has seen this one's head.
        const told = (isIdle ? Promise.resolve() : this.#note(prepared)).then(
          () => settle(group, prepared),
          (error: unknown) => fail(group, error),
        );
        const before = this.#notes;
        this.#notes = told.then(() => before);
        return;
      }
      throw new StoreError('Conflict', 'other processes changed the store at every attempt');
    } catch (error) {
      this.#asked.splice(0, group.length);
      fail(group, error);
    }
  }

  async #plan(): Promise<readonly Planned[]> {
    try {
      return await planGroup(this.#asked, this.#planning);
    } catch (cause) {
      this.#end = new StoreError('Damaged', 'a record could not be taken over', { cause });
      throw this.#end;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#updates.idle();
    await this.#notes;
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
      this.#state = takeStep(this.#state, step, this.#apply);
      this.#head = withoutCount(step.head);
    } catch (cause) {
      // Half of the step is applied: nothing that is in memory may be served.
      this.#end = new StoreError('Damaged', 'a record could not be taken over', { cause });
      throw this.#end;
    }
  }

  /** The commit stands whatever happens here; without the note it would be easier to roll back, so it is not answered. */
  async #note({ step }: Prepared): Promise<void> {
    try {
      await this.#source.sealer.noteHead(step.head.sequence, this.#source.headKey, step.sealedHead);
    } catch (error) {
      throw unavailable(error);
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

function settle(group: readonly Planned[], { heads }: Prepared): void {
  for (const [index, planned] of group.entries()) {
    if ('refusal' in planned) planned.asked.reject(planned.refusal);
    else planned.asked.resolve(withoutCount(heads[index] as Head));
  }
}

/** A refusal on the state that there was is one, whatever became of the changes after it. */
function fail(group: readonly Planned[], error: unknown): void {
  const kept = group.findIndex((planned) => !('refusal' in planned));
  for (const [index, planned] of group.entries()) {
    planned.asked.reject('refusal' in planned && (kept === -1 || index < kept) ? planned.refusal : error);
  }
}

function withoutCount({ sequence, hash, generation }: Head): Head {
  return generation === undefined ? { sequence, hash } : { sequence, hash, generation };
}

/** Callers of `refresh` look for a promise only. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}
