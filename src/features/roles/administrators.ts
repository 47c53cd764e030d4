// Who administers the whole HSM: by Administrator at `/`. The initial ones are assigned once, and an instance that has role
// assignments is left as it is, whatever its configuration says; those last whose assignment has no end.
import { isGuid } from '../../formats/guid.ts';
import type { Principal } from '../../http/principal.ts';
import type { Change } from '../../store/sealed/records.ts';
import { ADMINISTRATOR } from './built-in-roles.ts';
import type { Roles } from './evaluate.ts';
import { assignmentChange, type RoleAssignment } from './role-records.ts';
import { ROOT_SCOPE } from './scope.ts';

interface InitialAssignments {
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

export function lastingAdministrations(roles: Pick<Roles, 'assignmentsAt'>): readonly RoleAssignment[] {
  return [...roles.assignmentsAt(ROOT_SCOPE)].filter(isLastingAdministration);
}

export function isLastingAdministration({ definition, scope, expiresAt }: RoleAssignment): boolean {
  return definition === ADMINISTRATOR && scope.path === '/' && expiresAt === undefined;
}

/** The one by which this caller administers, itself or in a group of its token. */
export function administrationOf(
  { oid, groups }: Pick<Principal, 'oid' | 'groups'>,
  administrations: readonly RoleAssignment[],
): RoleAssignment | undefined {
  return administrations.find(({ principalId }) => principalId === oid || groups.includes(principalId));
}
