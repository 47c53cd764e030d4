// The roles of the management plane, with the ids and actions that they have in the public cloud. None of them has a data
// action: what happens inside an HSM is for its own local roles alone.
import { OWNER } from '../resources.ts';

export interface ArmRoleDefinition {
  readonly id: string;
  readonly roleName: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export const ARM_ROLES: readonly ArmRoleDefinition[] = [
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
];

export function findArmRole(id: string): ArmRoleDefinition | undefined {
  const wanted = id.toLowerCase();
  return ARM_ROLES.find((role) => role.id === wanted);
}

/** `*` in a pattern stands for anything, slashes included; case does not count. */
export function allows({ actions, notActions }: ArmRoleDefinition, action: string): boolean {
  const matches = (pattern: string): boolean => patternOf(pattern).test(action);
  return actions.some(matches) && !notActions.some(matches);
}

const patterns = new Map<string, RegExp>();

function patternOf(pattern: string): RegExp {
  let made = patterns.get(pattern);
  if (made === undefined) {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    made = new RegExp(`^${parts.join('.*')}$`, 'i');
    patterns.set(pattern, made);
  }
  return made;
}
