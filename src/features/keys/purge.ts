// Destroys a deleted key: the records of all its versions, and with them what other features keep for that one key. All
// of it goes in one commit. Nothing else removes a key version.

import { ServiceError } from '../../http/service-error.ts';
import type { Change, Commit, Head } from '../../store/sealed/records.ts';
import type { KeyDeleting } from './delete.ts';
import { deletionRemoval } from './deleted-key.ts';
import type { DeletedEntry, KeyRing } from './key-ring.ts';
import { keyRemoval } from './key-version.ts';

/**
 * What a feature removes with a key, planned on current state: the deletion of each record that it keeps for the key.
 * Deleting a record that is not there is no change.
 */
export type PurgeCompanion = (name: string) => readonly Change[];

export interface KeyPurging extends KeyDeleting {
  readonly purgeCompanions: readonly PurgeCompanion[];
}

/** @param find looks the deleted key up on current state */
export async function purgeKey(find: () => DeletedEntry, commit: Commit, service: KeyPurging): Promise<Head> {
  return commit(() => {
    const { deleted } = find();
    rejectProtected(service);
    return purgeChanges(service.keys, deleted.name, service.purgeCompanions);
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

export function purgeChanges(keys: KeyRing, name: string, companions: readonly PurgeCompanion[]): readonly Change[] {
  return [
    ...keys.deletedVersions(name).map(keyRemoval),
    deletionRemoval(name),
    ...companions.flatMap((companion) => companion(name)),
  ];
}
