// Deletes a custom role definition. Its assignments stay and grant nothing.
import type { Answer } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { requireDefinition } from './get-definition.ts';
import { commitRoles, type RoleChanges } from './role-changes.ts';
import { requireRoleGuid } from './role-name.ts';
import { DEFINITION_PREFIX } from './role-records.ts';
import type { Scope } from './scope.ts';
import { definitionShape } from './shapes.ts';

export interface DeleteDefinition {
  readonly scope: Scope;
  readonly name: string;
}

/** @throws ServiceError BadParameter, RoleDefinitionNotFound */
export async function deleteDefinition({ scope, name }: DeleteDefinition, changes: RoleChanges): Promise<Answer> {
  const guid = requireRoleGuid(name, 'role definition');
  if (scope.path !== '/') {
    throw new ServiceError('BadParameter', "Role definitions can be deleted only at scope '/'");
  }
  const { result, ...committed } = await commitRoles(changes, () => {
    const deleted = requireDefinition(changes.roles, guid);
    if (deleted.type === 'AKVBuiltInRole') {
      throw new ServiceError('BadParameter', `'${deleted.roleName}' is a built-in role, which cannot be deleted`);
    }
    return { result: deleted, change: { name: DEFINITION_PREFIX + guid, value: null } };
  });
  return { status: 200, body: definitionShape(result), ...committed };
}
