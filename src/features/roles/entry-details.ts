// What the log says of a change of roles: to whom what was given, and what became of a role.
import { changesOf, type Detail } from '../../http/entry-detail.ts';
import { isAdministrativeRole } from './data-actions.ts';
import type { Roles } from './evaluate.ts';
import { effectiveActions } from './grants.ts';
import type { RoleAssignment, RoleDefinition } from './role-records.ts';
import { isoSecond } from './terms.ts';

type Known = Pick<Roles, 'definition'>;

/** @param principalType as the client says it; it is not kept */
export function assignmentDetail(
  {
    name,
    definition,
    principalId,
    scope,
    expiresAt,
  }: Pick<RoleAssignment, 'definition' | 'principalId' | 'expiresAt'> & {
    readonly name: string;
    readonly scope: { readonly path: string };
  },
  roles: Known,
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
  return {
    roleDefinitionId: id,
    ...(role === undefined
      ? {}
      : { roleName: role.roleName, administrative: isAdministrativeRole(effectiveActions(role)) }),
  };
}

/** What of a role is changed; `before` is absent of a new one, `after` of one that is deleted. */
export function definitionDetail(
  id: string,
  before: RoleDefinition | undefined,
  after: RoleDefinition | undefined,
): Detail {
  const [had, has] = [before, after].map((role) => (role === undefined ? [] : effectiveActions(role)));
  const texts = (role: RoleDefinition | undefined): Record<string, string | undefined> =>
    role === undefined ? {} : { roleName: role.roleName, description: role.description };
  return {
    ...roleDetail(id, after ?? before),
    actionsAdded: has?.filter((action) => had?.includes(action) !== true) ?? [],
    actionsRemoved: had?.filter((action) => has?.includes(action) !== true) ?? [],
    ...(before === undefined || after === undefined ? {} : { changes: changesOf(texts(before), texts(after)) }),
  };
}
