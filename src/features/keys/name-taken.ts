// A deleted key keeps its name until it is purged: nothing may be made under it, or recovering would lose one of the two.
import { ServiceError } from '../../http/service-error.ts';
import type { KeyRing } from './key-ring.ts';

/** Whatever makes keys asks this on the state that it commits to. @throws ServiceError Conflict */
export function rejectDeletedName(keys: KeyRing, name: string): void {
  if (keys.findDeleted(name) === undefined) return;
  throw new ServiceError(
    'Conflict',
    `Key ${name} is currently in a deleted but recoverable state, and its name cannot be reused; ` +
      'in this state, the key can only be recovered or purged.',
    { innerCode: 'ObjectIsDeletedButRecoverable' },
  );
}
