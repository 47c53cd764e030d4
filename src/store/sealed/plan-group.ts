// Plans what was asked for together: each plan on the state after those before it, which is in memory for so long only as this
// takes. Nothing else of the process sees it: from the first plan to the last nothing is awaited.
import { checkChanges } from './prepare-commit.ts';
import {
  type Attempt,
  type Change,
  type Commit,
  type EntriesOf,
  type GoesWith,
  type Head,
  NotTakenBack,
} from './records.ts';

/** Changes that share a commit at most. */
export const MAX_SHARING = 64;
/** Records; who changes more is waited for by nobody who came before. */
const MANY = 64;

/** A change that somebody waits for. */
export interface Asked extends PromiseWithResolvers<Head> {
  readonly plan: Parameters<Commit>[0];
  readonly entries: EntriesOf;
}

export interface Planned {
  readonly asked: Asked;
  readonly changes: readonly Change[];
  /** Of the audit log that are to name the head for it. */
  readonly entries: number;
  /** It may come of a plan before it, so it holds only once that is durable. */
  readonly refusal?: { readonly reason: unknown };
}

export interface Planning {
  readonly attempt: Attempt;
  readonly goesWith: GoesWith;
}

/**
 * At least the first; those that are left come after its commit.
 * @param most how many at once @throws when what was tried cannot be taken back: memory is of no more use
 */
export function planGroup(
  waiting: readonly Asked[],
  most: number,
  { attempt, goesWith }: Planning,
): readonly Planned[] {
  const planned: Planned[] = [];
  const undos: (() => void)[] = [];
  try {
    const group = waiting.slice(0, most);
    for (const [index, asked] of group.entries()) {
      try {
        const wanted = asked.plan();
        const changes = [...wanted, ...goesWith(wanted)];
        checkChanges(changes);
        if (changes.length > MANY && index > 0) break;
        const entries = changes.length === 0 ? 0 : asked.entries(wanted);
        const undo = changes.length > MANY || index + 1 === group.length ? undefined : attempt(changes);
        planned.push({ asked, changes, entries });
        if (undo === undefined) break;
        undos.push(undo);
      } catch (reason) {
        if (reason instanceof NotTakenBack) throw reason;
        planned.push({ asked, changes: [], entries: 0, refusal: { reason } });
      }
    }
  } finally {
    for (const undo of undos.reverse()) undo();
  }
  return planned;
}
