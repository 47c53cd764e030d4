// Every right that a role can give, spelled as the service spells it. Compared without regard to case, answered as
// listed here. What is not in this list does not exist: it cannot be granted and is never allowed.

const PREFIX = 'Microsoft.KeyVault/managedHsm/';

const names = [
  'keys/read/action',
  'keys/write/action',
  'keys/create',
  'keys/createIfNotExists',
  'keys/delete',
  'keys/rotate/action',
  'keys/import/action',
  'keys/export/action',
  'keys/release/action',
  'keys/backup/action',
  'keys/restore/action',
  'keys/deletedKeys/read/action',
  'keys/deletedKeys/recover/action',
  'keys/deletedKeys/delete',
  'keys/encrypt/action',
  'keys/decrypt/action',
  'keys/wrap/action',
  'keys/unwrap/action',
  'keys/sign/action',
  'keys/verify/action',
  'keys/derive/action',
  'rng/action',
  'roleAssignments/read/action',
  'roleAssignments/write/action',
  'roleAssignments/delete/action',
  'roleDefinitions/read/action',
  'roleDefinitions/write/action',
  'roleDefinitions/delete/action',
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
  // Ours: the service has no such operation.
  'strongroom/audit/read/action',
] as const;

export type ShortDataAction = (typeof names)[number];
export type DataAction = `${typeof PREFIX}${ShortDataAction}`;

export function dataAction(short: ShortDataAction): DataAction {
  return `${PREFIX}${short}`;
}

export const dataActions: readonly DataAction[] = names.map(dataAction);

const byFolded: ReadonlyMap<string, DataAction> = new Map(dataActions.map((action) => [action.toLowerCase(), action]));

/** The action as listed, from any casing; undefined when there is no such action. */
export function findDataAction(text: string): DataAction | undefined {
  return byFolded.get(text.toLowerCase());
}

// Which rights are an administrator's: those by which somebody could get any other, or take the whole HSM along.

const administrative: readonly ShortDataAction[] = [
  'roleAssignments/write/action',
  'roleAssignments/delete/action',
  'roleDefinitions/write/action',
  'roleDefinitions/delete/action',
  'securitydomain/download/action',
  'securitydomain/upload/action',
  'restore/start/action',
  'settings/write/action',
];
const ADMINISTRATIVE: ReadonlySet<DataAction> = new Set(administrative.map(dataAction));

export function isAdministrative(action: DataAction): boolean {
  return ADMINISTRATIVE.has(action);
}

/** A role is an administrator's if one of its rights is. */
export function isAdministrativeRole(actions: readonly DataAction[]): boolean {
  return actions.some(isAdministrative);
}
