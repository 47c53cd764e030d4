// What the operations that change roles are given, and how their change is committed.

import type { Detail } from '../../http/entry-detail.ts';
import type { Change, Commit, Head } from '../../store/sealed/records.ts';
import { commitAgreed, type Second } from '../second-person.ts';
import type { Roles } from './evaluate.ts';
import type { SeparationRules } from './separation-rules.ts';

export interface RoleChanges {
  readonly roles: Roles;
  /** With the caller's right: who has been revoked meanwhile cannot grant, and two administrators cannot remove each other. */
  readonly commit: Commit;
  /** Absent: duties are not separated. */
  readonly duties?: SeparationRules;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
}

export interface Planned<T> {
  /** What is answered once the change is durable. */
  readonly result: T;
  /** Absent: all is as wanted already. */
  readonly change?: Change;
  /** What goes with the change. */
  readonly also?: readonly Change[];
  /** Whether a second person agreed; what it says is done or refused. */
  readonly second?: Second;
  /** For the record. */
  readonly note?: string;
}

/**
 * Commits what `plan` wants, which may be asked for more than once; `head` is absent when nothing changed.
 * @throws ServiceError the refusal of a change that a second person has to agree to, once that is asked for durably
 */
export async function commitRoles<T>(
  { commit }: RoleChanges,
  plan: () => Planned<T>,
): Promise<{ readonly result: T; readonly head?: Head; readonly note?: string; readonly detail?: Detail }> {
  const {
    result,
    change,
    second,
    note: said,
    head,
  } = await commitAgreed(commit, () => {
    const planned = plan();
    const { change, also = [] } = planned;
    return change === undefined
      ? { ...planned, second: undefined, changes: [] }
      : { ...planned, changes: [change, ...also] };
  });
  if (change === undefined) return { result };
  const why = second?.reason === undefined ? '' : `Reason: ${second.reason}`;
  const note = [said ?? '', second?.note ?? '', why].filter((text) => text !== '').join(' ');
  return {
    result,
    head,
    ...(note === '' ? {} : { note }),
    ...(second?.detail === undefined ? {} : { detail: second.detail }),
  };
}
