// `$filter` of the role lists: atScope(), atScopeAndBelow(), principalId eq '{id}', joined with `and`. Anything else is
// refused: a filter that is left out would answer more than was asked for.
import { isGuid } from '../../formats/guid.ts';
import { badParameter, type ServiceError } from '../../http/service-error.ts';
import type { RoleAssignment } from './role-records.ts';
import { covers, type Scope } from './scope.ts';

export interface RoleFilter {
  readonly reach: 'at-scope' | 'at-scope-and-below' | undefined;
  readonly principalId: string | undefined;
}

const PRINCIPAL = /^principalId\s+eq\s+(?:'([^'\s]*)'|([^'\s]+))$/i;

const REACHES: ReadonlyMap<string, RoleFilter['reach']> = new Map([
  ['atscope()', 'at-scope'],
  ['atscopeandbelow()', 'at-scope-and-below'],
]);

/** @throws ServiceError BadParameter */
export function readRoleFilter(text: string = ''): RoleFilter {
  let reach: RoleFilter['reach'];
  let principalId: string | undefined;
  if (text.trim() === '') return { reach, principalId };
  if (text.length > 1024) throw unsupported();
  for (const term of text.trim().split(/\s+and\s+/i)) {
    const named = PRINCIPAL.exec(term);
    const found = REACHES.get(term.toLowerCase());
    if (named !== null && principalId === undefined) principalId = requirePrincipal(named[1] ?? named[2] ?? '');
    else if (found !== undefined && reach === undefined) reach = found;
    else throw unsupported();
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

function requirePrincipal(id: string): string {
  if (!isGuid(id)) throw badParameter('principalId in $filter must be the GUID of a principal');
  return id.toLowerCase();
}

function unsupported(): ServiceError {
  return badParameter(
    "$filter must be atScope(), atScopeAndBelow() or principalId eq '{id}', or one of the first two and the last " +
      "joined with 'and'",
  );
}
