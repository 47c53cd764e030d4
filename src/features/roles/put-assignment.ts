// Makes a role assignment. One that exists cannot be changed: the same again is answered as made, another is refused.
import type { Answer } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import type { Roles } from './evaluate.ts';
import type { AssignmentBody } from './read-assignment-body.ts';
import { commitRoles, type RoleChanges } from './role-changes.ts';
import { requireRoleGuid } from './role-name.ts';
import { ASSIGNMENT_PREFIX, encodeAssignment, type RoleAssignment } from './role-records.ts';
import { foldedScope, type Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';

/** At `/` and at `/keys`, each. The service's own limit is 50. */
export const MAX_ASSIGNMENTS_WIDE = 1000;
/** At one key. The service's own limit is 10. */
export const MAX_ASSIGNMENTS_PER_KEY = 100;
/** In all: assignments are held in memory by every worker. */
export const MAX_ASSIGNMENTS = 50_000;

export interface PutAssignment {
  readonly scope: Scope;
  readonly name: string;
  readonly body: AssignmentBody;
}

/** @throws ServiceError BadParameter, RoleAssignmentExists, Conflict */
export async function putAssignment({ scope, name, body }: PutAssignment, changes: RoleChanges): Promise<Answer> {
  const { definition, principalId } = body;
  const wanted: RoleAssignment = { name: requireRoleGuid(name, 'role assignment'), scope, definition, principalId };
  if (body.scope !== undefined && foldedScope(body.scope) !== foldedScope(scope)) {
    throw new ServiceError('BadParameter', "Property 'scope' must be the scope of the request's path, or left out");
  }
  const { result, ...committed } = await commitRoles(changes, () => {
    const existing = findExisting(wanted, changes.roles);
    if (existing !== undefined) return { result: existing };
    checkDefinition(wanted, changes.roles);
    checkRoom(wanted, changes.roles);
    const change = { name: ASSIGNMENT_PREFIX + wanted.name, value: encodeAssignment(wanted) };
    return { result: wanted, change };
  });
  return { status: 201, body: assignmentShape(result), ...committed };
}

/** The same assignment under the same name. @throws ServiceError RoleAssignmentExists */
function findExisting(wanted: RoleAssignment, roles: Roles): RoleAssignment | undefined {
  const named = roles.assignment(wanted.name);
  if (named !== undefined) {
    if (sameTriple(named, wanted)) return named;
    throw new ServiceError(
      'RoleAssignmentExists',
      'A role assignment with this name exists and cannot be changed; delete it or use another GUID',
    );
  }
  for (const other of roles.assignmentsOf(wanted.principalId)) {
    if (!sameTriple(other, wanted)) continue;
    throw new ServiceError(
      'RoleAssignmentExists',
      `The role assignment exists already under the name ${other.name}; nothing needs to be done`,
    );
  }
  return undefined;
}

function sameTriple(a: RoleAssignment, b: RoleAssignment): boolean {
  return (
    a.definition === b.definition && a.principalId === b.principalId && foldedScope(a.scope) === foldedScope(b.scope)
  );
}

function checkDefinition({ definition }: RoleAssignment, roles: Roles): void {
  if (roles.definition(definition) !== undefined) return;
  throw new ServiceError(
    'BadParameter',
    `Property 'roleDefinitionId' names the role definition ${definition}, which does not exist; list the role definitions`,
  );
}

function checkRoom({ scope }: RoleAssignment, roles: Roles): void {
  const max = scope.covering.length > 2 ? MAX_ASSIGNMENTS_PER_KEY : MAX_ASSIGNMENTS_WIDE;
  if (roles.assignmentCount(scope) < max && roles.assignmentCount() < MAX_ASSIGNMENTS) return;
  throw new ServiceError(
    'Conflict',
    `The most role assignments that there can be are ${max} at this scope and ${MAX_ASSIGNMENTS} in all; delete some, ` +
      'or assign the role to a group',
  );
}
