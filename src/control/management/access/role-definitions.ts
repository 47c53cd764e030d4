// The roles of the management plane, with the ids and actions that they have in the public cloud. None of them has a data
// action: what happens inside an HSM is for its own local roles alone.
import { ControlError } from '../../../http/control-row.ts';
import { OWNER, type Resources } from '../resources.ts';

export const ARM_ROLES = [
  {
    id: OWNER,
    roleName: 'Owner',
    description: 'Everything in the management plane, and giving roles of it; nothing inside an HSM.',
    actions: ['*'],
    notActions: [],
  },
  {
    id: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
    roleName: 'Contributor',
    description: 'Everything in the management plane but giving and taking roles; nothing inside an HSM.',
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
    ],
  },
  {
    id: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
    roleName: 'Reader',
    description: 'Looking at everything in the management plane; nothing inside an HSM.',
    actions: ['*/read'],
    notActions: [],
  },
  {
    id: '18500a29-7fe2-46b2-a342-b16a415e101d',
    roleName: 'Managed HSM contributor',
    description: 'Making, changing, deleting, recovering and purging managed HSMs; nothing inside one.',
    actions: [
      'Microsoft.KeyVault/managedHSMs/*',
      'Microsoft.KeyVault/deletedManagedHsms/read',
      'Microsoft.KeyVault/locations/deletedManagedHsms/read',
      'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action',
      'Microsoft.KeyVault/locations/managedHsmOperationResults/read',
    ],
    notActions: [],
  },
  {
    id: '749f88d5-cbae-40b8-bcfc-e573ddc772fa',
    roleName: 'Monitoring Contributor',
    description: 'Looking at everything in the management plane, and saying where logs of HSMs go; nothing inside one.',
    actions: ['*/read', 'Microsoft.Insights/DiagnosticSettings/*'],
    notActions: [],
  },
] as const;
type ArmRoleDefinition = (typeof ARM_ROLES)[number];

export function findArmRole(id: string): ArmRoleDefinition | undefined {
  const wanted = id.toLowerCase();
  return ARM_ROLES.find((role) => role.id === wanted);
}

/** `*` in a pattern stands for anything, slashes included; case does not count. */
export function allows(
  { actions, notActions }: Readonly<Record<'actions' | 'notActions', readonly string[]>>,
  action: string,
): boolean {
  const matches = (pattern: string): boolean => patternOf(pattern).test(action);
  return actions.some(matches) && !notActions.some(matches);
}

const patterns = new Map<string, RegExp>();

function patternOf(pattern: string): RegExp {
  return patterns.getOrInsertComputed(pattern, () => {
    const parts = pattern.split('*').map((part) => RegExp.escape(part));
    return new RegExp(`^${parts.join('.*')}$`, 'i');
  });
}

/** @param id of a definition, as requests give it @throws ControlError 404 */
export function requireRole(id: string): ArmRoleDefinition {
  const named =
    /^(?:\/subscriptions\/[0-9a-f-]{36})?\/providers\/Microsoft\.Authorization\/roleDefinitions\/([0-9a-f-]{36})$/i.exec(
      id,
    );
  return findArmRole(named?.[1] ?? '') ?? refuseRole(id);
}

export function refuseRole(id: string): never {
  throw new ControlError(
    404,
    'RoleDefinitionDoesNotExist',
    `There is no role '${id.slice(0, 200)}' in the management plane. Roles inside an HSM are given with 'az keyvault role assignment create'.`,
  );
}

/** @throws ControlError 400 */
export function filterRoles(filter: string | null): readonly ArmRoleDefinition[] {
  if (filter === null || filter === '' || filter === 'atScopeAndBelow()') return ARM_ROLES;
  const name = /^roleName eq '([^']{1,128})'$/i.exec(filter)?.[1];
  if (name !== undefined) return ARM_ROLES.filter(({ roleName }) => roleName.toLowerCase() === name.toLowerCase());
  const type = /^type eq '(BuiltInRole|CustomRole)'$/i.exec(filter)?.[1];
  if (type !== undefined) return type.toLowerCase() === 'builtinrole' ? ARM_ROLES : [];
  throw new ControlError(400, 'InvalidFilter', "The filter is not one of: roleName eq '…', type eq '…'.");
}

export function describeRole({ subscriptionId }: Resources, definition: ArmRoleDefinition) {
  const { id, roleName, description, actions, notActions } = definition;
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
