// What the log says of a change of roles: to whom what was given, and what became of a role.
import { changesOf, type Detail } from '../../http/entry-detail.ts';
import { isAdministrativeRole } from './data-actions.ts';
import type { Roles } from './evaluate.ts';
import { effectiveActions } from './grants.ts';
import type { RoleAssignment, RoleDefinition } from './role-records.ts';
import { isoSecond } from './terms.ts';

/** @param principalType as the client says it; it is not kept */
export function assignmentDetail(
  { name, definition, principalId, scope, expiresAt }: RoleAssignment,
  roles: Roles,
  principalType?: string,
): Detail {
  return {
    assignment: name,
    ...roleDetail(definition, roles.definition(definition)),
    principalId,
    principalType,
    scope: scope.path,
    expires: expiresAt === undefined ? undefined : isoSecond(expiresAt),
  };
}

/** Without its name and its rights where there is no such definition. */
export function roleDetail(id: string, role: RoleDefinition | undefined): Detail {
  const administrative = role === undefined ? undefined : isAdministrativeRole(effectiveActions(role));
  return { roleDefinitionId: id, roleName: role?.roleName, administrative };
}

/** What of a role is changed; `before` is absent of a new one, `after` of one that is deleted. */
export function definitionDetail(
  id: string,
  before: RoleDefinition | undefined,
  after: RoleDefinition | undefined,
): Detail {
  const had = before === undefined ? [] : effectiveActions(before);
  const has = after === undefined ? [] : effectiveActions(after);
  const texts = ({ roleName, description }: RoleDefinition): object => ({ roleName, description });
  return {
    ...roleDetail(id, after ?? before),
    actionsAdded: has.filter((action) => !had.includes(action)),
    actionsRemoved: had.filter((action) => !has.includes(action)),
    changes:
      before === undefined || after === undefined ? undefined : changesOf({ ...texts(before) }, { ...texts(after) }),
  };
}
