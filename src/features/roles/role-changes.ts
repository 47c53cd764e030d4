// What the operations that change roles are given, and how their change is committed.
import type { Change, Head, Records } from '../../store/sealed/records.ts';
import type { Roles } from './evaluate.ts';

export interface RoleChanges {
  readonly roles: Roles;
  readonly records: Records;
  /**
   * Throws when the caller's right is gone. Asked on the very state that the change is made on, so that who has been
   * revoked meanwhile cannot grant, and two administrators cannot remove each other.
   */
  readonly recheck: () => void;
}

export interface Planned<T> {
  /** What is answered once the change is durable. */
  readonly result: T;
  /** Absent: all is as wanted already. */
  readonly change?: Change;
}

/** Commits what `plan` wants, which may be asked for more than once; `head` is absent when nothing changed. */
export async function commitRoles<T>(
  { records, recheck }: RoleChanges,
  plan: () => Planned<T>,
): Promise<{ readonly result: T; readonly head?: Head }> {
  let planned: Planned<T> | undefined;
  const head = await records.update(() => {
    recheck();
    planned = plan();
    return planned.change === undefined ? [] : [planned.change];
  });
  if (planned === undefined) throw new Error('records.update resolved without asking for the plan');
  return { result: planned.result, ...(planned.change === undefined ? {} : { head }) };
}
