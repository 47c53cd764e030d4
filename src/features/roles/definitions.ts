import type { Detail } from '../../http/entry-detail.ts';
import type { Answer } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { definitionDetail } from './entry-details.ts';
import type { Roles } from './evaluate.ts';
import { readRoleFilter } from './filter.ts';
import { commitRoles, type Named, type Put, type RoleChanges } from './role-changes.ts';
import {
  contentOf,
  definitionChange,
  definitionKind,
  type RoleContent,
  type RoleDefinition,
  requireRoleGuid,
} from './role-records.ts';
import { judgeDefinition } from './separation-rules.ts';
import { definitionShape } from './shapes.ts';
import { readDefinitionTerms } from './terms.ts';

/** @throws ServiceError RoleDefinitionNotFound */
export function getDefinition({ name }: Pick<Named, 'name'>, { roles }: { readonly roles: Roles }): Answer {
  return { status: 200, body: definitionShape(requireDefinition(roles, name)) };
}

/** A name that is no GUID is the name of none. @throws ServiceError RoleDefinitionNotFound */
function requireDefinition(roles: Roles, name: string): RoleDefinition {
  const definition = roles.definition(name.toLowerCase());
  if (definition === undefined) {
    throw new ServiceError('RoleDefinitionNotFound', 'Requested role definition not found');
  }
  return definition;
}

// Lists role definitions. All of them live at `/` and can be assigned at every scope, so each scope answers them all.

/** @throws ServiceError BadParameter */
export function listDefinitions(
  { filter }: { readonly filter: string | undefined },
  { roles }: { readonly roles: Roles },
): Answer {
  if (readRoleFilter(filter).principalId !== undefined) {
    throw badParameter('$filter of role definitions cannot name a principal; list role assignments');
  }
  return { status: 200, body: { value: roles.definitions().map(definitionShape) } };
}

// Makes or replaces a custom role definition.

/** As the service publishes it. */
export const MAX_CUSTOM_DEFINITIONS = 50;

/** @throws ServiceError BadParameter, Conflict */
export async function putDefinition(
  { scope, name, body, grantHeaders }: Put<RoleContent>,
  changes: RoleChanges,
): Promise<Answer> {
  const { reason } = readDefinitionTerms(grantHeaders, changes.now());
  const definition: RoleDefinition = { name: requireRoleGuid(name, 'Role definition'), type: 'CustomRole', ...body };
  if (scope.path !== '/') {
    throw badParameter("Role definitions can be written only at scope '/'; assignments narrow where they hold");
  }
  let detail: Detail = {};
  const { result, ...committed } = await commitRoles(changes, () => {
    checkNotBuiltIn(definition, changes.roles);
    checkRoom(definition, changes.roles);
    checkRoleName(definition, changes.roles);
    const replaced = changes.roles.definition(definition.name);
    detail = definitionDetail(definition.name, replaced, definition);
    // Nothing is changed by it, so nobody has to agree; a client that tries again is answered as before.
    const role = contentOf(definition);
    if (replaced !== undefined && definitionKind.same(contentOf(replaced), role))
      return { result: definition, changes: [] };
    const second = judgeDefinition(
      { operation: 'putDefinition', replaces: replaced?.name, role },
      reason,
      changes.duties,
    );
    return { result: definition, changes: [definitionChange(definition)], second };
  });
  return { status: 201, body: definitionShape(result), ...committed, detail: { ...detail, ...committed.detail } };
}

function checkNotBuiltIn({ name, roleName }: RoleDefinition, roles: Roles): void {
  const builtIn = roles.definitions().filter(({ type }) => type === 'AKVBuiltInRole');
  if (builtIn.some((role) => role.name === name || sameName(role.roleName, roleName))) {
    throw badParameter('Cannot re-use the name/GUID matching that of a built-in role. Please use a unique role ID.');
  }
}

function checkRoom({ name }: RoleDefinition, roles: Roles): void {
  if (roles.definition(name) !== undefined) return;
  const custom = roles.definitions().filter(({ type }) => type === 'CustomRole').length;
  if (custom >= MAX_CUSTOM_DEFINITIONS) {
    throw new ServiceError(
      'Conflict',
      `There are ${MAX_CUSTOM_DEFINITIONS} custom role definitions already, the most there can be; delete one first`,
    );
  }
  // Assignments of a deleted definition grant nothing. A new one under the same name would bring them back to life.
  for (const assignment of roles.assignments()) {
    if (assignment.definition !== name) continue;
    throw new ServiceError(
      'Conflict',
      `Role assignment ${assignment.name} still names a deleted definition with this GUID; delete that assignment ` +
        'or use another GUID',
    );
  }
}

function checkRoleName({ name, roleName }: RoleDefinition, roles: Roles): void {
  if (roleName === '') return;
  const other = roles.definitions().find((role) => role.name !== name && sameName(role.roleName, roleName));
  if (other !== undefined) {
    throw new ServiceError(
      'Conflict',
      `Role definition ${other.name} has this roleName already; use another name or change that definition`,
    );
  }
}

function sameName(a: string, b: string): boolean {
  return a.normalize('NFKC').trim().toLowerCase() === b.normalize('NFKC').trim().toLowerCase();
}

// Deletes a custom role definition. Its assignments stay and grant nothing.

/** @throws ServiceError BadParameter, RoleDefinitionNotFound */
export async function deleteDefinition(
  { scope, name, grantHeaders }: Omit<Put<never>, 'body'>,
  changes: RoleChanges,
): Promise<Answer> {
  const { reason } = readDefinitionTerms(grantHeaders, changes.now());
  if (scope.path !== '/') {
    throw badParameter("Role definitions can be deleted only at scope '/'");
  }
  const { result, ...committed } = await commitRoles(changes, () => {
    const deleted = requireDefinition(changes.roles, name);
    if (deleted.type === 'AKVBuiltInRole') {
      throw badParameter(`'${deleted.roleName}' is a built-in role, which cannot be deleted`);
    }
    const role = { definition: deleted.name, role: contentOf(deleted) };
    const second = judgeDefinition({ operation: 'deleteDefinition', ...role }, reason, changes.duties);
    return { result: deleted, changes: [definitionKind.remove(deleted.name)], second };
  });
  const detail = { ...definitionDetail(result.name, result, undefined), ...committed.detail };
  return { status: 200, body: definitionShape(result), ...committed, detail };
}
