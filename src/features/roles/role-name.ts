// Names of definitions and assignments in paths: GUIDs, compared in lower case.
import { isGuid } from '../../formats/guid.ts';
import { ServiceError } from '../../http/service-error.ts';

/** Of what is to be made. @throws ServiceError BadParameter */
export function requireRoleGuid(name: string, what: 'Role definition' | 'Role assignment'): string {
  if (!isGuid(name)) throw new ServiceError('BadParameter', `${what} name must be a GUID`);
  return name.toLowerCase();
}
