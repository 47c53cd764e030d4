// Destroys a deleted key: the records of all its versions, and with them what other features keep for that one key. All
// of it goes in one commit. Nothing else removes a key version.
import { ServiceError } from '../../http/service-error.ts';
import type { Change, Commit, Head } from '../../store/sealed/records.ts';
import type { AllRelatedWrites } from '../part.ts';
import type { KeyDeleting } from './delete.ts';
import { deletionRemoval } from './deleted-key.ts';
import type { DeletedEntry, KeyIndex } from './key-index.ts';
import { keyRemoval } from './key-version.ts';

export interface KeyPurging extends KeyDeleting {
  readonly relatedWrites: Pick<AllRelatedWrites, 'purge'>;
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

function purgeChanges(
  name: string,
  { keys, relatedWrites }: Pick<KeyPurging, 'keys' | 'relatedWrites'>,
): readonly Change[] {
  return [...keys.deletedVersions(name).map(keyRemoval), deletionRemoval(name), ...relatedWrites.purge(name)];
}

// Purges deleted keys whose retention has ended, with purge protection or without: the date was promised when the key was
// deleted. Every worker runs this; the plan looks again on the state it commits to, so only one of them purges a key.

interface PurgeDue extends Pick<KeyPurging, 'keys' | 'now' | 'relatedWrites'> {
  readonly commit: Commit;
  /** Puts one purge on record. */
  readonly purged: (name: string, scheduledPurgeDate: number, head: Head) => Promise<void>;
}

/** When the next deleted key is to be purged. */
export function nextPurge(keys: KeyIndex): number | undefined {
  return keys.nextPurge()?.time;
}

export async function purgeDue({ keys, commit, now, relatedWrites, purged }: PurgeDue): Promise<void> {
  const time = now();
  for (let next = keys.nextPurge(); next !== undefined && next.time <= time; next = keys.nextPurge()) {
    const { name } = next;
    const spelled = keys.findDeleted(name)?.deleted.name ?? name;
    let mine = false;
    const head = await commit(() => {
      // Another worker may have purged it, or it was recovered, perhaps deleted again since.
      const still = keys.findDeleted(name);
      mine = still !== undefined && still.deleted.scheduledPurgeDate <= now();
      return mine ? purgeChanges(still?.deleted.name ?? name, { keys, relatedWrites }) : [];
    });
    if (mine) await purged(spelled, next.time, head);
    // The clock was set back meanwhile: nothing is due any more.
    else if (keys.nextPurge()?.name === name) return;
  }
}
