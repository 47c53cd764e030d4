// Role assignments as the resource manager shows them, and the filters on them that clients send. Anything else is refused, never
// half understood.
import { isGuid } from '../../../formats/guid.ts';
import { ControlError } from '../../../http/control-row.ts';
import type { Management } from '../arm-row.ts';
import type { Resources, RoleAssignment } from '../resources.ts';
import { holdsAt } from './scope.ts';

export const ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments';

export function describeAssignment({ subscriptionId }: Resources, assignment: RoleAssignment) {
  const { id, spelledScope, role, principalId, principalType, description, createdAt, createdBy } = assignment;
  const properties = {
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId,
    principalType,
    scope: spelledScope,
    description: description ?? null,
    condition: null,
    conditionVersion: null,
    createdOn: createdAt,
    updatedOn: createdAt,
    createdBy,
    updatedBy: createdBy,
    delegatedManagedIdentityResourceId: null,
  };
  return { id: `${spelledScope}/providers/${ASSIGNMENTS}/${id}`, name: id, type: ASSIGNMENTS, properties };
}

type FindPrincipal = Management['findPrincipal'];

type Matches = (assignment: RoleAssignment) => boolean;

/** Without a filter: what holds at the scope, above it and below it. @throws ControlError 400 */
export function matcherOf(filter: string | null, scope: string, findPrincipal: FindPrincipal): Matches {
  const terms = filter === null || filter.trim() === '' ? [] : filter.split(/\s+and\s+/i);
  const around: Matches = (each) => holdsAt(each.scope, scope) || holdsAt(scope, each.scope);
  const matches = [around, ...terms.map((term) => readTerm(term.trim(), scope, findPrincipal))];
  return (assignment) => matches.every((match) => match(assignment));
}

function readTerm(term: string, scope: string, findPrincipal: FindPrincipal): Matches {
  if (/^atScope\(\)$/i.test(term)) return (each) => holdsAt(each.scope, scope);
  const principal = /^principalId eq '([^']*)'$/i.exec(term)?.[1]?.toLowerCase();
  if (principal !== undefined && isGuid(principal)) return (each) => each.principalId === principal;
  const assignee = /^assignedTo\('([^']*)'\)$/i.exec(term)?.[1]?.toLowerCase();
  if (assignee !== undefined && isGuid(assignee)) {
    const whom = new Set([assignee, ...(findPrincipal(assignee)?.groups ?? [])]);
    return (each) => whom.has(each.principalId);
  }
  const made = "The filter is not made of: atScope(), principalId eq '…', assignedTo('…').";
  throw new ControlError(400, 'InvalidFilter', made);
}
