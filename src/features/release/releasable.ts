// Which keys serve enclaves: enabled, exportable, with a policy. Outside their validity they are still released, as they
// still decrypt.
import { ServiceError } from '../../wire/service-error.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { KeyReleasePolicy } from '../keys/release-policy.ts';

/** @throws ServiceError Forbidden with innererror KeyDisabled | KeyNotExportable */
export function requireReleasable(key: KeyVersion, operation: string): KeyReleasePolicy {
  if (!key.attributes.enabled) {
    throw new ServiceError('Forbidden', `Operation ${operation} is not allowed on a disabled key`, {
      innerCode: 'KeyDisabled',
    });
  }
  if (!key.attributes.exportable || key.releasePolicy === undefined) {
    throw new ServiceError('Forbidden', `Operation ${operation} is for exportable keys with a release policy`, {
      innerCode: 'KeyNotExportable',
    });
  }
  return key.releasePolicy;
}
