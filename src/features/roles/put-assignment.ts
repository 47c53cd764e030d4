// Makes a role assignment. One that exists cannot be changed: the same again is answered as made, another is refused.
import type { Answer, Stated } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { judgeGrant } from './duties.ts';
import type { Roles } from './evaluate.ts';
import type { AssignmentBody } from './read-assignment-body.ts';
import { commitRoles, type RoleChanges } from './role-changes.ts';
import { requireRoleGuid } from './role-name.ts';
import { ASSIGNMENT_PREFIX, encodeAssignment, type RoleAssignment, type RoleDefinition } from './role-records.ts';
import { foldedScope, type Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';
import { endOf, isoSecond, readTerms, type Terms } from './terms.ts';

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
  readonly stated: Stated;
}

/** @throws ServiceError BadParameter, RoleAssignmentExists, Conflict */
export async function putAssignment(
  { scope, name, body, stated }: PutAssignment,
  changes: RoleChanges,
): Promise<Answer> {
  const { definition, principalId, principalType } = body;
  const terms = readTerms(stated, changes.now());
  const named: RoleAssignment = { name: requireRoleGuid(name, 'role assignment'), scope, definition, principalId };
  if (body.scope !== undefined && foldedScope(body.scope) !== foldedScope(scope)) {
    throw new ServiceError('BadParameter', "Property 'scope' must be the scope of the request's path, or left out");
  }
  const { result, ...committed } = await commitRoles(changes, () => {
    const now = changes.now();
    const expiresAt = terms.expires === undefined ? undefined : endOf(terms.expires, now);
    const ended: RoleAssignment[] = [];
    const existing = findExisting(named, changes.roles, now, ended);
    if (existing !== undefined) {
      checkSameEnd(existing, terms);
      return { result: existing };
    }
    const role = requireRole(named, changes.roles);
    checkRoom(named, changes.roles);
    const grant = { scope, definition: role, principalId, principalType, terms };
    const second = judgeGrant(grant, changes.duties);
    const reason = second.state === 'given' ? second.reason : terms.reason;
    const wanted: RoleAssignment = {
      ...named,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(reason === undefined ? {} : { reason }),
    };
    return {
      result: wanted,
      change: { name: ASSIGNMENT_PREFIX + wanted.name, value: encodeAssignment(wanted) },
      also: ended.map((each) => ({ name: ASSIGNMENT_PREFIX + each.name, value: null })),
      second,
      ...(expiresAt === undefined ? {} : { note: `Ends ${isoSecond(expiresAt)}.` }),
    };
  });
  return { status: 201, body: assignmentShape(result), ...committed };
}

/**
 * The same assignment under the same name. What has ended and is not removed yet is in nobody's way.
 * @param ended gets those that the new one takes the place of
 * @throws ServiceError RoleAssignmentExists
 */
function findExisting(
  wanted: RoleAssignment,
  roles: Roles,
  now: number,
  ended: RoleAssignment[],
): RoleAssignment | undefined {
  const named = roles.assignment(wanted.name);
  if (named !== undefined && !(hasEnded(named, now) && sameTriple(named, wanted))) {
    if (sameTriple(named, wanted)) return named;
    throw new ServiceError(
      'RoleAssignmentExists',
      'A role assignment with this name exists and cannot be changed; delete it or use another GUID',
    );
  }
  for (const other of roles.assignmentsOf(wanted.principalId)) {
    if (!sameTriple(other, wanted) || other.name === wanted.name) continue;
    if (hasEnded(other, now)) {
      ended.push(other);
      continue;
    }
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

function hasEnded({ expiresAt }: RoleAssignment, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** A client that tries again is answered as before; one that wants another end is not. */
function checkSameEnd({ name, expiresAt }: RoleAssignment, { expires }: Terms): void {
  const isTime = expires?.startsWith('P') === false;
  if (expires === undefined || (isTime ? Date.parse(expires) / 1000 === expiresAt : expiresAt !== undefined)) return;
  throw new ServiceError(
    'RoleAssignmentExists',
    `The role assignment ${name} exists and ${expiresAt === undefined ? 'does not end' : `ends ${isoSecond(expiresAt)}`}; ` +
      'delete it to make one that ends at another time',
  );
}

function requireRole({ definition }: RoleAssignment, roles: Roles): RoleDefinition {
  const role = roles.definition(definition);
  if (role !== undefined) return role;
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
