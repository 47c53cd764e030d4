// Destroys a deleted key: the records of all its versions, and with them what other features keep for that one key. All
// of it goes in one commit. Nothing else removes a key version.

import { ServiceError } from '../../http/service-error.ts';
import type { Change, Commit, Head } from '../../store/sealed/records.ts';
import type { AllCompanions } from '../part.ts';
import type { KeyDeleting } from './delete.ts';
import { deletionRemoval } from './deleted-key.ts';
import type { DeletedEntry } from './key-ring.ts';
import { keyRemoval } from './key-version.ts';

export interface KeyPurging extends KeyDeleting {
  readonly companions: Pick<AllCompanions, 'purge'>;
}

/** @param find looks the deleted key up on current state */
export async function purgeKey(find: () => DeletedEntry, commit: Commit, service: KeyPurging): Promise<Head> {
  return commit(() => {
    const { deleted } = find();
    rejectProtected(service);
    return purgeChanges(deleted.name, service);
  });
}

/** @throws ServiceError Forbidden: purge protection binds everybody */
function rejectProtected({ retention }: KeyPurging): void {
  if (!retention.purgeProtection) return;
  throw new ServiceError(
    'Forbidden',
    'Operation purge is not allowed: this HSM has purge protection, so a deleted key can only be recovered until its ' +
      'scheduledPurgeDate',
    { innerCode: 'PurgeProtected' },
  );
}

export function purgeChanges(
  name: string,
  { keys, companions }: Pick<KeyPurging, 'keys' | 'companions'>,
): readonly Change[] {
  return [...keys.deletedVersions(name).map(keyRemoval), deletionRemoval(name), ...companions.purge(name)];
}
