// Names of definitions and assignments in paths: GUIDs, compared in lower case.
import { isGuid } from '../../formats/guid.ts';
import { ServiceError } from '../../wire/service-error.ts';

/** @throws ServiceError BadParameter */
export function requireRoleGuid(name: string, what: 'role definition' | 'role assignment'): string {
  if (!isGuid(name)) throw new ServiceError('BadParameter', `The name of a ${what} must be a GUID`);
  return name.toLowerCase();
}
