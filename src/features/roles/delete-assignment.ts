// Deletes a role assignment. The last Administrator at `/` that does not end by itself stays: nobody outside could give the
// role back. No approval is ever asked for: taking a right away must not wait for anybody.
import type { Answer } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { ADMINISTRATOR } from './built-in-roles.ts';
import type { Roles } from './evaluate.ts';
import { requireAssignment } from './get-assignment.ts';
import { commitRoles, type RoleChanges } from './role-changes.ts';
import { requireRoleGuid } from './role-name.ts';
import { ASSIGNMENT_PREFIX, type RoleAssignment } from './role-records.ts';
import { ROOT_SCOPE, type Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';

export interface DeleteAssignment {
  readonly scope: Scope;
  readonly name: string;
}

/** @throws ServiceError RoleAssignmentNotFound, Conflict */
export async function deleteAssignment({ scope, name }: DeleteAssignment, changes: RoleChanges): Promise<Answer> {
  const guid = requireRoleGuid(name, 'role assignment');
  const { result, ...committed } = await commitRoles(changes, () => {
    const deleted = requireAssignment(changes.roles, scope, guid);
    rejectLastAdministrator(deleted, changes.roles);
    return { result: deleted, change: { name: ASSIGNMENT_PREFIX + guid, value: null } };
  });
  return { status: 200, body: assignmentShape(result), ...committed };
}

function rejectLastAdministrator(assignment: RoleAssignment, roles: Roles): void {
  if (!isLasting(assignment)) return;
  for (const other of roles.assignmentsAt(ROOT_SCOPE)) {
    if (other.name !== assignment.name && isLasting(other)) return;
  }
  throw new ServiceError(
    'Conflict',
    "This is the last assignment of 'Managed HSM Administrator' at '/' that lasts, and nobody outside this HSM could restore it; " +
      'assign the role to another principal first',
  );
}

function isLasting({ definition, scope, expiresAt }: RoleAssignment): boolean {
  return definition === ADMINISTRATOR && scope.path === '/' && expiresAt === undefined;
}
