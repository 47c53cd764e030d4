// Names and versions in paths, checked before anything is looked up: 1 to 127 characters of 0-9, a-z, A-Z and -.
import { ServiceError } from '../../http/service-error.ts';

/** @throws ServiceError BadParameter */
export function requireKeyName(name: string | undefined): string {
  if (name === undefined || !/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    throw new ServiceError('BadParameter', 'Invalid key identifier or name');
  }
  return name;
}

/** Absent or empty: the current version. A version of another form cannot exist, so the look-up will say not found. */
export function keyVersionOf(version: string | undefined): string | undefined {
  return version === '' ? undefined : version;
}
