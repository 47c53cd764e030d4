// `$filter` of the role lists: atScope(), atScopeAndBelow(), principalId eq '{id}', joined with `and`. Anything else is
// refused: a filter that is left out would answer more than was asked for.
import { isGuid } from '../../formats/guid.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { RoleAssignment } from './role-records.ts';
import { covers, type Scope } from './scope.ts';

export interface RoleFilter {
  readonly reach: 'at-scope' | 'at-scope-and-below' | undefined;
  readonly principalId: string | undefined;
}

const PRINCIPAL = /^principalId\s+eq\s+(?:'([^'\s]*)'|([^'\s]+))$/i;

/** @throws ServiceError BadParameter */
export function readRoleFilter(text: string | undefined): RoleFilter {
  let reach: RoleFilter['reach'];
  let principalId: string | undefined;
  if (text === undefined || text.trim() === '') return { reach, principalId };
  if (text.length > 1024) throw unsupported();
  for (const term of text.trim().split(/\s+and\s+/i)) {
    const id = PRINCIPAL.exec(term);
    if (id !== null) {
      if (principalId !== undefined) throw unsupported();
      principalId = requirePrincipal(id[1] ?? id[2] ?? '');
    } else {
      if (reach !== undefined) throw unsupported();
      reach = requireReach(term);
    }
  }
  return { reach, principalId };
}

/**
 * Does the assignment belong in the list at this scope? Without a reach: those in force there, which are at the scope and
 * above it, and those below it. Clients that look for all grants of somebody, to take them away, ask at `/` without a
 * filter; a grant that is left out is one that stays. atScope(): those in force there alone.
 */
export function matchesFilter({ reach, principalId }: RoleFilter, at: Scope, assignment: RoleAssignment): boolean {
  if (principalId !== undefined && assignment.principalId !== principalId) return false;
  const below = covers(at, assignment.scope);
  if (reach === 'at-scope-and-below') return below;
  const inForce = covers(assignment.scope, at);
  return reach === undefined ? inForce || below : inForce;
}

function requireReach(term: string): 'at-scope' | 'at-scope-and-below' {
  switch (term.toLowerCase()) {
    case 'atscope()':
      return 'at-scope';
    case 'atscopeandbelow()':
      return 'at-scope-and-below';
    default:
      throw unsupported();
  }
}

function requirePrincipal(id: string): string {
  if (!isGuid(id)) throw new ServiceError('BadParameter', 'principalId in $filter must be the GUID of a principal');
  return id.toLowerCase();
}

function unsupported(): ServiceError {
  return new ServiceError(
    'BadParameter',
    "$filter must be atScope(), atScopeAndBelow() or principalId eq '{id}', or one of the first two and the last " +
      "joined with 'and'",
  );
}
