// Names in paths, checked before anything is looked up: 1 to 127 characters of 0-9, a-z, A-Z and -.
import { badParameter } from '../../http/service-error.ts';

/** @throws ServiceError BadParameter */
export function requireKeyName(name: string | undefined): string {
  if (name !== undefined && /^[0-9a-zA-Z-]{1,127}$/.test(name)) return name;
  throw badParameter('Invalid key identifier or name');
}
