// Who administers the whole HSM for as long as nobody takes it away: assignments of Administrator at `/` without an end.
import type { Principal } from '../../http/principal.ts';
import { ADMINISTRATOR } from './built-in-roles.ts';
import type { Roles } from './evaluate.ts';
import type { RoleAssignment } from './role-records.ts';
import { ROOT_SCOPE } from './scope.ts';

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
