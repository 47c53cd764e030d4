// Which keys are released: enabled, exportable, with a policy, and not made to wrap keys for enclaves, which would open with
// it. Outside their validity they are still released, as they still decrypt.

import { isSecure } from '../../formats/key-wrap-modes.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import type { KeyReleasePolicy } from '../keys/release-policy.ts';

/** @throws ServiceError Forbidden with innererror KeyDisabled | KeyNotExportable */
export function requireReleasable(key: KeyVersion): KeyReleasePolicy {
  if (!key.attributes.enabled) {
    throw new ServiceError('Forbidden', 'Operation release is not allowed on a disabled key', {
      innerCode: 'KeyDisabled',
    });
  }
  if (isSecure(key.keyOps)) {
    throw notExportable("Operation release is not for keys with key_ops 'secureWrapKey' or 'secureUnwrapKey'");
  }
  if (!key.attributes.exportable || key.releasePolicy === undefined) {
    throw notExportable('Operation release is for exportable keys with a release policy');
  }
  return key.releasePolicy;
}

function notExportable(message: string): ServiceError {
  return new ServiceError('Forbidden', message, { innerCode: 'KeyNotExportable' });
}
