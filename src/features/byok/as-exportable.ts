// A key that comes through a key-exchange key leaves at most as that one does. The module holds to it by itself; here the
// caller is told which member, and what to do instead.

import { ServiceError } from '../../http/service-error.ts';
import type { ImportRequest } from '../keys/import.ts';
import type { KeyVersion } from '../keys/key-version.ts';

/** @throws ServiceError BadParameter */
export function requireAsExportable({ releasePolicy }: Pick<ImportRequest, 'releasePolicy'>, kek: KeyVersion): void {
  if (releasePolicy === undefined) return;
  const own = kek.releasePolicy;
  if (!kek.attributes.exportable || own === undefined) {
    throw new ServiceError(
      'BadParameter',
      'attributes.exportable: what comes through this key-exchange key is not exportable, as it is not itself. Make a ' +
        "key-exchange key with attributes.exportable, the same release_policy and key_ops ['import'], and wrap the key for it",
    );
  }
  if (releasePolicy.data !== own.data) {
    throw new ServiceError(
      'BadParameter',
      'release_policy.data: is not the policy of the key-exchange key, and what comes through it is exportable under that ' +
        'one alone. Send that policy, or wrap the key for a key-exchange key with this one',
    );
  }
  if (own.immutable && !releasePolicy.immutable) {
    throw new ServiceError('BadParameter', 'release_policy.immutable: must be true, as it is for the key-exchange key');
  }
}
