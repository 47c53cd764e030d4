// The filters on role assignments that clients send. Anything else is refused, never half understood.
import { isGuid } from '../../../formats/guid.ts';
import { ControlError } from '../../../http/control-row.ts';
import type { RoleAssignment } from '../resources.ts';
import { holdsAt } from './scope.ts';

/** Looks an object id up in the directory. */
export type FindPrincipal = (
  oid: string,
) => { readonly type: RoleAssignment['principalType']; readonly groups: readonly string[] } | undefined;

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
  throw new ControlError(
    400,
    'InvalidFilter',
    "The filter is not made of: atScope(), principalId eq '…', assignedTo('…').",
  );
}
