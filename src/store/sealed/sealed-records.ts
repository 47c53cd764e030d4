// The records of one process over a store that others write to as well: looks before it serves, commits with a guard on
// the head, and serves nothing more once the store was found tampered with.
import { StoreError } from '../port.ts';
import { catchUp, type Source } from './catch-up.ts';
import { unavailable } from './open-rows.ts';
import { commitWithOutcome, type Prepared, prepareCommit } from './prepare-commit.ts';
import type { Apply, Change, GoesWith, Head, Records } from './records.ts';
import { type State, type Step, takeStep } from './state.ts';
import { Turns } from './turns.ts';

/** Every lost race is another's commit, so this many in a row mean that something is wrong. */
const ATTEMPTS = 64;

/** none · own: a commit of ours has an unknown outcome · others: somebody else wrote, the head must have moved. */
type Doubt = 'none' | 'own' | 'others';

export class SealedRecords implements Records {
  readonly #source: Source;
  readonly #apply: Apply;
  readonly #goesWith: GoesWith;
  readonly #updates = new Turns();
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

  constructor(
    source: Source,
    { apply, goesWith }: { readonly apply: Apply; readonly goesWith: GoesWith },
    state: State,
  ) {
    this.#source = source;
    this.#apply = apply;
    this.#goesWith = goesWith;
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

  update(plan: () => readonly Change[] | Promise<readonly Change[]>): Promise<Head> {
    return this.#updates.run(async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        await this.refresh();
        const base = this.#state;
        const changes = await plan();
        const all = [...changes, ...this.#goesWith(changes)];
        const prepared = all.length === 0 ? undefined : await prepareCommit(this.#source, base, all);
        if (prepared === undefined) {
          this.#checkServing();
          if (this.#state === base) return this.head;
          // What it removes another has removed meanwhile: the plan has to see that, and may refuse.
          continue;
        }
        if (await this.#moves.run(() => this.#commit(base, prepared))) return this.#note(prepared);
      }
      throw new StoreError('Conflict', 'other processes changed the store at every attempt');
    });
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
      this.#state = takeStep(this.#state, step, this.#apply);
      this.#head = withoutCount(step.head);
    } catch (cause) {
      // Half of the step is applied: nothing that is in memory may be served.
      this.#end = new StoreError('Damaged', 'a record could not be taken over', { cause });
      throw this.#end;
    }
  }

  /** The commit stands whatever happens here; without the note it would be easier to roll back, so it is not answered. */
  async #note({ step }: Prepared): Promise<Head> {
    try {
      await this.#source.sealer.noteHead(step.head.sequence, this.#source.headKey, step.sealedHead);
    } catch (error) {
      throw unavailable(error);
    }
    return withoutCount(step.head);
  }

  #endIfRefused(error: unknown): unknown {
    if (error instanceof StoreError && error.code === 'Refused') this.#end = error;
    return error;
  }

  #checkServing(): void {
    if (this.#end !== undefined) throw this.#end;
  }
}

function withoutCount({ sequence, hash, generation }: Head): Head {
  return generation === undefined ? { sequence, hash } : { sequence, hash, generation };
}

/** Callers of `refresh` look for a promise only. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}
