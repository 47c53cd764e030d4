// The first assignments of an instance: its initial administrators get Administrator at `/`. They are made once; an
// instance that has role assignments is left as it is, whatever its configuration says.
import { isGuid } from '../../formats/guid.ts';
import type { Change } from '../../store/sealed/records.ts';
import { ADMINISTRATOR } from './built-in-roles.ts';
import type { Roles } from './evaluate.ts';
import { assignmentChange } from './role-records.ts';
import { ROOT_SCOPE } from './scope.ts';

export interface InitialAssignments {
  readonly administrators: readonly string[];
  /** Gives a fresh GUID, e.g. `randomUUID`. */
  readonly newGuid: () => string;
}

/**
 * The plan for `records.update`, empty when there is nothing to do.
 * @throws RangeError when there is no administrator or one is not a GUID: such an instance could never be used
 */
export function planInitialAssignments(
  { administrators, newGuid }: InitialAssignments,
  { roles }: { readonly roles: Roles },
): readonly Change[] {
  if (roles.assignmentCount() > 0) return [];
  const principals = new Set(administrators.map((id) => id.toLowerCase()));
  if (principals.size === 0 || ![...principals].every(isGuid)) {
    throw new RangeError('an instance needs at least one initial administrator, each named by its object id (a GUID)');
  }
  return [...principals].map((principalId) => {
    const name = newGuid().toLowerCase();
    return assignmentChange({ name, scope: ROOT_SCOPE, definition: ADMINISTRATOR, principalId });
  });
}
