// Which rights are an administrator's: those by which somebody could get any other, or take the whole HSM along.
import { type DataAction, dataAction } from './data-actions.ts';

const ADMINISTRATIVE: ReadonlySet<DataAction> = new Set(
  (
    [
      'roleAssignments/write/action',
      'roleAssignments/delete/action',
      'roleDefinitions/write/action',
      'roleDefinitions/delete/action',
      'securitydomain/download/action',
      'securitydomain/upload/action',
      'restore/start/action',
      'settings/write/action',
    ] as const
  ).map(dataAction),
);

export function isAdministrative(action: DataAction): boolean {
  return ADMINISTRATIVE.has(action);
}

/** A role is an administrator's if one of its rights is. */
export function isAdministrativeRole(actions: readonly DataAction[]): boolean {
  return actions.some(isAdministrative);
}
