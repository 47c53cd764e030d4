// Role definitions and assignments as the resource manager shows them.
import type { Resources, RoleAssignment } from '../resources.ts';
import type { ArmRoleDefinition } from './built-in-roles.ts';

const TYPE = 'Microsoft.Authorization/roleAssignments';
const LIST = `providers/${TYPE}`;

export function describeRole(
  { subscriptionId }: Resources,
  { id, roleName, description, actions, notActions }: ArmRoleDefinition,
) {
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${id}`,
    name: id,
    type: 'Microsoft.Authorization/roleDefinitions',
    properties: {
      roleName,
      type: 'BuiltInRole',
      description,
      assignableScopes: ['/'],
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
    },
  };
}

export function describeAssignment({ subscriptionId }: Resources, assignment: RoleAssignment) {
  const { id, spelledScope, role, principalId, principalType, description, createdAt, createdBy } = assignment;
  const properties: Readonly<Record<string, unknown>> & { readonly principalType: RoleAssignment['principalType'] } = {
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId,
    principalType,
    scope: spelledScope,
    description: description ?? null,
    condition: null,
    conditionVersion: null,
    createdOn: createdAt,
    updatedOn: createdAt,
    createdBy,
    updatedBy: createdBy,
    delegatedManagedIdentityResourceId: null,
  };
  return { id: `${spelledScope}/${LIST}/${id}`, name: id, type: TYPE, properties };
}
