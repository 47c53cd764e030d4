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

/** Commits what `plan` wants; `head` is absent when that was nothing. */
export async function commitRoles(
  { records, recheck }: RoleChanges,
  plan: () => Change | undefined,
): Promise<{ readonly head?: Head }> {
  let changed = false;
  const head = await records.update(() => {
    recheck();
    const change = plan();
    changed = change !== undefined;
    return change === undefined ? [] : [change];
  });
  return changed ? { head } : {};
}
