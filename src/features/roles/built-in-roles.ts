// The built-in roles with the data actions of the service's live definitions. Where the published matrix differs, the
// live definition decides: an auditor reads deleted keys and cannot purge them. One is ours, and comes last.
import { type DataAction, dataAction, type ShortDataAction } from './data-actions.ts';

function builtIn(name: string, role: string, actions: readonly ShortDataAction[]) {
  const none: readonly DataAction[] = [];
  return {
    name,
    roleName: role.startsWith('Strongroom ') ? role : `Managed HSM ${role}`,
    description: '',
    type: 'AKVBuiltInRole' as const,
    permissions: [{ dataActions: actions.map(dataAction), notDataActions: none }],
  };
}

const READ_ROLES = ['roleAssignments/read/action', 'roleDefinitions/read/action'] as const;
const MANAGE_ROLES = [
  'roleAssignments/delete/action',
  'roleAssignments/read/action',
  'roleAssignments/write/action',
  'roleDefinitions/read/action',
  'roleDefinitions/write/action',
  'roleDefinitions/delete/action',
] as const;

export const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
/** What it holds is listed under `actions`, as the service does; it is asked for as every other right. */
export const ARM_USER = '770fd66c-6266-4643-9d4e-b616870898d5';

/** In the order of the service's list: a client that takes the first is not given the Administrator. */
export const builtInRoles: readonly ReturnType<typeof builtIn>[] = [
  builtIn('6efe6056-5259-49d2-8b3d-d3d73544b20b', 'Restore User', [
    'restore/start/action',
    'restore/status/action',
    'keys/restore/action',
  ]),
  builtIn('7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8', 'Backup User', [
    'backup/start/action',
    'backup/status/action',
    'keys/backup/action',
  ]),
  builtIn('33413926-3206-4cdd-b39a-83574fe37a17', 'Crypto Service Encryption User', [
    'keys/read/action',
    'keys/wrap/action',
    'keys/unwrap/action',
  ]),
  builtIn('21dbd100-6940-42c2-9190-5d6cb909625c', 'Crypto Service Release User', ['keys/release/action']),
  builtIn('2c18b078-7c48-4d3a-af88-5a3a1b3f82b3', 'Crypto Auditor', [
    ...READ_ROLES,
    'keys/read/action',
    'keys/deletedKeys/read/action',
  ]),
  builtIn('4bd23610-cdcf-4971-bdee-bdc562cc28e4', 'Policy Administrator', MANAGE_ROLES),
  builtIn('21dbd100-6940-42c2-9190-5d6cb909625b', 'Crypto User', [
    ...READ_ROLES,
    'keys/read/action',
    'keys/write/action',
    'keys/rotate/action',
    'keys/create',
    'keys/delete',
    'keys/import/action',
    'keys/release/action',
    'keys/backup/action',
    'keys/restore/action',
    'keys/encrypt/action',
    'keys/decrypt/action',
    'keys/wrap/action',
    'keys/unwrap/action',
    'keys/sign/action',
    'keys/verify/action',
    'keys/derive/action',
    'rng/action',
  ]),
  builtIn('515eb02d-2335-4d2d-92f2-b1cbdf9c3778', 'Crypto Officer', [
    ...MANAGE_ROLES,
    'keys/deletedKeys/read/action',
    'keys/deletedKeys/delete',
    'keys/deletedKeys/recover/action',
    'keys/export/action',
  ]),
  builtIn(ARM_USER, 'ARM User', ['keys/read/action', 'keys/createIfNotExists']),
  builtIn(ADMINISTRATOR, 'Administrator', [
    ...MANAGE_ROLES,
    'securitydomain/download/action',
    'securitydomain/download/read',
    'securitydomain/upload/action',
    'securitydomain/upload/read',
    'securitydomain/transferkey/read',
    'backup/start/action',
    'backup/status/action',
    'restore/start/action',
    'restore/status/action',
    'settings/read/action',
    'settings/write/action',
  ]),
  builtIn('9e0b1f5a-3c52-4a8e-8d0c-5f1d7a64b2c9', 'Strongroom Auditor', ['strongroom/audit/read/action']),
];

export function isBuiltIn(name: string): boolean {
  return builtInRoles.some((role) => role.name === name);
}
