// Removes grants that have ended. They allow nothing from their second on, whether or not this has run; it keeps the list of
// assignments to what holds, and puts the end on record.
import type { Change, Commit, Head } from '../../store/sealed/records.ts';
import type { Roles } from './evaluate.ts';
import { assignmentKind, type RoleAssignment } from './role-records.ts';
import { keyScope } from './scope.ts';

interface ExpireDue {
  readonly roles: Roles;
  readonly commit: Commit;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  /** Puts one end on record. */
  readonly expired: (assignment: RoleAssignment, head: Head) => Promise<void>;
}

/** When the next grant ends. */
export function nextExpiry(roles: Roles): number | undefined {
  let next: number | undefined;
  for (const { expiresAt } of roles.assignments()) {
    if (expiresAt !== undefined && (next === undefined || expiresAt < next)) next = expiresAt;
  }
  return next;
}

export async function expireDue({ roles, commit, now, expired }: ExpireDue): Promise<void> {
  let ended: readonly RoleAssignment[] = [];
  const head = await commit(() => {
    // On the state that is committed to: another worker may have removed them.
    const time = now();
    ended = [...roles.assignments()].filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= time);
    return ended.map(({ name }) => assignmentKind.remove(name));
  });
  for (const assignment of ended) await expired(assignment, head);
}

// What goes with a key that is purged: the assignments at exactly its scope. A new key of that name is another key, and
// starts with nobody's rights.

/** Planned on current state. @param name of the key, checked already */
export function planRemovalAtKey(name: string, roles: Roles): readonly Change[] {
  return [...roles.assignmentsAt(keyScope(name))].map(({ name: assignment }) => assignmentKind.remove(assignment));
}
