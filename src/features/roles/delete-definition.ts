// Deletes a custom role definition. Its assignments stay and grant nothing.
import type { Answer, Stated } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { definitionKind } from './custom-roles.ts';
import { contentOf, judgeDefinition, type RoleRequest } from './duties.ts';
import { definitionDetail } from './entry-details.ts';
import { requireDefinition } from './get-definition.ts';
import { commitRoles, type RoleChanges } from './role-changes.ts';
import type { Scope } from './scope.ts';
import { definitionShape } from './shapes.ts';
import { readDefinitionTerms } from './terms.ts';

export interface DeleteDefinition {
  readonly scope: Scope;
  readonly name: string;
  readonly stated: Stated;
}

/** @throws ServiceError BadParameter, RoleDefinitionNotFound */
export async function deleteDefinition(
  { scope, name, stated }: DeleteDefinition,
  changes: RoleChanges,
): Promise<Answer> {
  const { reason } = readDefinitionTerms(stated, changes.now());
  if (scope.path !== '/') {
    throw new ServiceError('BadParameter', "Role definitions can be deleted only at scope '/'");
  }
  const { result, ...committed } = await commitRoles(changes, () => {
    const deleted = requireDefinition(changes.roles, name);
    if (deleted.type === 'AKVBuiltInRole') {
      throw new ServiceError('BadParameter', `'${deleted.roleName}' is a built-in role, which cannot be deleted`);
    }
    const request: RoleRequest = { operation: 'deleteDefinition', definition: deleted.name, role: contentOf(deleted) };
    const second = judgeDefinition(request, reason, changes.duties);
    return { result: deleted, change: definitionKind.remove(deleted.name), second };
  });
  const detail = { ...definitionDetail(result.name, result, undefined), ...committed.detail };
  return { status: 200, body: definitionShape(result), ...committed, detail };
}
