// What goes with a key that is purged: the assignments at exactly its scope. A new key of that name is another key, and
// starts with nobody's rights.
import type { Change } from '../../store/sealed/records.ts';
import type { Roles } from './evaluate.ts';
import { assignmentKind } from './role-records.ts';
import { keyScope } from './scope.ts';

/** Planned on current state. @param name of the key, checked already */
export function planRemovalAtKey(name: string, roles: Roles): readonly Change[] {
  return [...roles.assignmentsAt(keyScope(name))].map(({ name: assignment }) => assignmentKind.remove(assignment));
}
