// Plans what was asked for together: each plan on the state after those before it, which is in memory for so long only as this
// takes. Nothing else of the process sees it: from the first plan to the last nothing is awaited.
import { MAX_HEAD_STEPS } from '../../crypto/protocol/messages.ts';
import { checkChanges } from './prepare-commit.ts';
import type { Attempt, Change, Commit, GoesWith, Head } from './records.ts';

const MANY = 512;

/** A change that somebody waits for. */
export interface Asked extends PromiseWithResolvers<Head> {
  readonly plan: Parameters<Commit>[0];
}

/** A refusal may come of a plan before it, so it holds only once that is durable. */
export type Planned =
  | { readonly asked: Asked; readonly changes: readonly Change[] }
  | { readonly asked: Asked; readonly changes: readonly []; readonly refusal: unknown };

export interface Planning {
  readonly attempt: Attempt;
  readonly goesWith: GoesWith;
}

/**
 * At least the first; those that are left come after its commit. A plan that takes its time is planned alone.
 * @throws when what was tried cannot be taken back: memory is of no more use
 */
export function planGroup(
  waiting: readonly Asked[],
  { attempt, goesWith }: Planning,
): readonly Planned[] | Promise<readonly Planned[]> {
  const planned: Planned[] = [];
  const undos: (() => void)[] = [];
  try {
    for (const asked of waiting.slice(0, MAX_HEAD_STEPS)) {
      let changes: readonly Change[];
      try {
        const wanted = asked.plan();
        if (wanted instanceof Promise) {
          if (planned.length === 0) return planAlone(asked, wanted, goesWith);
          // It is asked again, on a state that stays.
          wanted.catch(() => undefined);
          break;
        }
        changes = whole(wanted, goesWith);
      } catch (refusal) {
        planned.push({ asked, changes: [], refusal });
        continue;
      }
      // Nobody waits for the commit of very many records that was asked for after theirs.
      if (changes.length > MANY && planned.length > 0) break;
      planned.push({ asked, changes });
      if (asked === waiting.at(-1) || changes.length === 0) continue;
      const undo = attempt(changes);
      if (undo === undefined) break;
      undos.push(undo);
    }
  } finally {
    for (const undo of undos.reverse()) undo();
  }
  return planned;
}

async function planAlone(
  asked: Asked,
  wanted: Promise<readonly Change[]>,
  goesWith: GoesWith,
): Promise<readonly Planned[]> {
  try {
    return [{ asked, changes: whole(await wanted, goesWith) }];
  } catch (refusal) {
    return [{ asked, changes: [], refusal }];
  }
}

/** @throws TypeError when the plan breaks its contract */
function whole(changes: readonly Change[], goesWith: GoesWith): readonly Change[] {
  const all = [...changes, ...goesWith(changes)];
  checkChanges(all);
  return all;
}
