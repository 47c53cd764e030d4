// Definitions and assignments as clients see them. The definition's id has no leading slash, the assignment's has one:
// clients compare both as strings.
import { given } from '../../formats/given.ts';
import { ARM_USER } from './built-in-roles.ts';
import type { RoleAssignment, RoleDefinition } from './role-records.ts';
import { isoSecond } from './terms.ts';

const PROVIDER = 'providers/Microsoft.Authorization';

export function definitionId(name: string): string {
  return `Microsoft.KeyVault/${PROVIDER}/roleDefinitions/${name}`;
}

export function definitionShape({ name, roleName, description, type, permissions }: RoleDefinition): object {
  return {
    id: definitionId(name),
    name,
    type: 'Microsoft.Authorization/roleDefinitions',
    properties: {
      roleName,
      description,
      type,
      permissions: permissions.map(({ dataActions, notDataActions }) => ({
        actions: name === ARM_USER ? dataActions : [],
        notActions: [],
        dataActions: name === ARM_USER ? [] : dataActions,
        notDataActions,
      })),
      assignableScopes: ['/'],
    },
  };
}

/** What the service does not have is one member, and there only when there is something to say: clients pass it over. */
export function assignmentShape({ name, scope, definition, principalId, expiresAt, reason }: RoleAssignment): object {
  const own = given({ reason, expiresOn: expiresAt === undefined ? undefined : isoSecond(expiresAt) });
  return {
    id: `/${PROVIDER}/roleAssignments/${name}`,
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      scope: scope.path,
      roleDefinitionId: definitionId(definition),
      principalId,
      ...(Object.keys(own).length === 0 ? {} : { strongroom: own }),
    },
  };
}
