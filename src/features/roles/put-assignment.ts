// Makes a role assignment. One that exists cannot be changed, and is not made a second time: as the service does, the same
// again is refused by a code of its own, which deployment scripts take for success.
import { given } from '../../formats/given.ts';
import type { Answer } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { assignmentDetail } from './entry-details.ts';
import type { Roles } from './evaluate.ts';
import type { AssignmentBody } from './read-bodies.ts';
import { commitRoles, type Put, type RoleChanges } from './role-changes.ts';
import {
  assignmentChange,
  assignmentKind,
  type RoleAssignment,
  type RoleDefinition,
  requireRoleGuid,
} from './role-records.ts';
import { foldedScope } from './scope.ts';
import { judgeGrant } from './separation-rules.ts';
import { assignmentShape } from './shapes.ts';
import { endOf, isoSecond, readTerms, type Terms } from './terms.ts';

/** At `/` and at `/keys`, each. The service's own limit is 50. */
export const MAX_ASSIGNMENTS_WIDE = 1000;
/** At one key. The service's own limit is 10. */
export const MAX_ASSIGNMENTS_PER_KEY = 100;
/** In all: assignments are held in memory by every worker. */
export const MAX_ASSIGNMENTS = 50_000;

/** @throws ServiceError BadParameter, RoleAssignmentExists, MatchingRoleAssignmentExists, Conflict */
export async function putAssignment(
  { scope, name, body, grantHeaders }: Put<AssignmentBody>,
  changes: RoleChanges,
): Promise<Answer> {
  const { definition, principalId, principalType } = body;
  const terms = readTerms(grantHeaders, changes.now());
  const named: RoleAssignment = { name: requireRoleGuid(name, 'Role assignment'), scope, definition, principalId };
  if (body.scope !== undefined && foldedScope(body.scope) !== foldedScope(scope)) {
    throw badParameter("Property 'scope' must be the scope of the request's path, or left out");
  }
  const { result, ...committed } = await commitRoles(changes, () => {
    const now = changes.now();
    const expiresAt = terms.expires === undefined ? undefined : endOf(terms.expires, now);
    const ended = rejectExisting(named, terms, changes.roles, now);
    const role = requireRole(named, changes.roles);
    checkRoom(named, changes.roles);
    const second = judgeGrant({ scope, definition: role, principalId, principalType, terms }, changes.duties);
    const reason = second.state === 'given' ? second.reason : terms.reason;
    const wanted: RoleAssignment = { ...named, ...given({ expiresAt, reason }) };
    return {
      result: wanted,
      changes: [assignmentChange(wanted), ...ended.map((each) => assignmentKind.remove(each.name))],
      second,
      note: expiresAt === undefined ? undefined : `Ends ${isoSecond(expiresAt)}.`,
    };
  });
  const detail = { ...assignmentDetail(result, changes.roles, principalType), ...committed.detail };
  return { status: 201, body: assignmentShape(result), ...committed, detail };
}

/**
 * What has ended and is not removed yet is in nobody's way: it is answered, for the new one to take its place.
 * @throws ServiceError RoleAssignmentExists, MatchingRoleAssignmentExists
 */
function rejectExisting(wanted: RoleAssignment, terms: Terms, roles: Roles, now: number): readonly RoleAssignment[] {
  const named = roles.assignment(wanted.name);
  if (named !== undefined && !(hasEnded(named, now) && sameTriple(named, wanted))) {
    throw new ServiceError('RoleAssignmentExists', existsText(named, wanted, terms));
  }
  const others = [...roles.assignmentsOf(wanted.principalId)].filter(
    (other) => sameTriple(other, wanted) && other.name !== wanted.name,
  );
  const inForce = others.find((other) => !hasEnded(other, now));
  if (inForce === undefined) return others;
  const { name, principalId, scope } = inForce;
  const role = roles.definition(wanted.definition)?.roleName ?? wanted.definition;
  throw new ServiceError(
    'MatchingRoleAssignmentExists',
    `Role assignment '${name}' already adds role '${role}' to principal '${principalId}' in scope '${scope.path}'` +
      (hasSameEnd(inForce, terms) ? '' : `; it ${endText(inForce)}, delete it to make one that ends at another time`),
  );
}

/** The service's own text when nothing is left to do; who wanted something else is told so. */
function existsText(named: RoleAssignment, wanted: RoleAssignment, terms: Terms): string {
  if (!sameTriple(named, wanted)) {
    return 'A role assignment with this name exists and cannot be changed; delete it or use another GUID';
  }
  return hasSameEnd(named, terms)
    ? 'The role assignment already exists.'
    : `The role assignment already exists and ${endText(named)}; delete it to make one that ends at another time`;
}

function sameTriple(a: RoleAssignment, b: RoleAssignment): boolean {
  return (
    a.definition === b.definition && a.principalId === b.principalId && foldedScope(a.scope) === foldedScope(b.scope)
  );
}

function hasEnded({ expiresAt }: RoleAssignment, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

function hasSameEnd({ expiresAt }: RoleAssignment, { expires }: Terms): boolean {
  const isTime = expires?.startsWith('P') === false;
  return expires === undefined || (isTime ? Date.parse(expires) / 1000 === expiresAt : expiresAt !== undefined);
}

function endText({ expiresAt }: RoleAssignment): string {
  return expiresAt === undefined ? 'does not end' : `ends ${isoSecond(expiresAt)}`;
}

function requireRole({ definition }: RoleAssignment, roles: Roles): RoleDefinition {
  const role = roles.definition(definition);
  if (role !== undefined) return role;
  throw badParameter(
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
