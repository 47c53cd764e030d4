import type { Answer } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Roles } from './evaluate.ts';
import type { RoleAssignment } from './role-records.ts';
import { covers, type Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';

export interface GetAssignment {
  readonly scope: Scope;
  readonly name: string;
}

/** @throws ServiceError RoleAssignmentNotFound */
export function getAssignment({ scope, name }: GetAssignment, { roles }: { readonly roles: Roles }): Answer {
  const assignment = requireAssignment(roles, scope, name);
  return { status: 200, body: assignmentShape(assignment) };
}

/**
 * The assignment, if it lies at the path's scope or below it. Clients name assignments of a key under `/`, which is
 * safe as the caller's right was checked there; one outside the path's scope must not be reached through it. A name that
 * is no GUID is the name of none.
 * @throws ServiceError RoleAssignmentNotFound
 */
export function requireAssignment(roles: Roles, at: Scope, name: string): RoleAssignment {
  const assignment = roles.assignment(name.toLowerCase());
  if (assignment === undefined || !covers(at, assignment.scope)) {
    throw new ServiceError('RoleAssignmentNotFound', 'Requested role assignment not found');
  }
  return assignment;
}
