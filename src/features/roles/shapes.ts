// Definitions and assignments as clients see them. The definition's id has no leading slash, the assignment's has one:
// clients compare both as strings.
import type { RoleAssignment, RoleDefinition } from './role-records.ts';

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
        actions: [],
        notActions: [],
        dataActions,
        notDataActions,
      })),
      assignableScopes: ['/'],
    },
  };
}

export function assignmentShape({ name, scope, definition, principalId }: RoleAssignment): object {
  return {
    id: `/${PROVIDER}/roleAssignments/${name}`,
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: { scope: scope.path, roleDefinitionId: definitionId(definition), principalId },
  };
}
