// Deletes a key so that it can be recovered, and recovers it: all versions at once, by one record that comes or goes. And
// destroys a deleted one: the records of all its versions, and with them what other features keep for that one key, in one
// commit. Nothing else removes a key version.
import { ServiceError } from '../../http/service-error.ts';
import { type Change, type Commit, commitPlanned, type Head } from '../../store/sealed/records.ts';
import type { AllRelatedWrites } from '../part.ts';
import type { Retention } from './bundle.ts';
import { deletionChange, deletionRemoval } from './deleted-key.ts';
import type { DeletedEntry, KeyIndex } from './key-index.ts';
import { type KeyVersion, keyRemoval } from './key-version.ts';
import type { RetirementGuard } from './retirement.ts';

const DAY = 86_400;

export interface KeyDeleting {
  readonly keys: KeyIndex;
  readonly now: () => number;
  readonly retention: Retention;
  readonly relatedWrites: Pick<AllRelatedWrites, 'purge'>;
  readonly retirementGuard: RetirementGuard;
}

/** @param find looks the key up on current state */
export function deleteKey(
  find: () => KeyVersion,
  commit: Commit,
  { now, retention }: Pick<KeyDeleting, 'now' | 'retention'>,
): Promise<DeletedEntry & { readonly head: Head }> {
  return commitPlanned(commit, () => {
    const key = find();
    const deletedDate = now();
    const scheduledPurgeDate = deletedDate + retention.recoverableDays * DAY;
    const deleted = { name: key.name, deletedDate, scheduledPurgeDate };
    return { key, deleted, changes: [deletionChange(deleted)] };
  });
}

/** @param find looks the deleted key up on current state */
export function recoverKey(
  find: () => DeletedEntry,
  commit: Commit,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  return commitPlanned(commit, () => {
    const { key } = find();
    return { key, changes: [deletionRemoval(key.name)] };
  });
}

/** @param find looks the deleted key up on current state @throws ServiceError Forbidden: purge protection binds everybody */
export function purgeKey(find: () => DeletedEntry, commit: Commit, service: KeyDeleting): Promise<Head> {
  return commit(() => {
    const { deleted } = find();
    if (!service.retention.purgeProtection) return purgeChanges(deleted.name, service);
    throw new ServiceError(
      'Forbidden',
      'Operation purge is not allowed: this HSM has purge protection, so a deleted key can only be recovered until its ' +
        'scheduledPurgeDate',
      { innerCode: 'PurgeProtected' },
    );
  });
}

function purgeChanges(
  name: string,
  { keys, relatedWrites }: Pick<KeyDeleting, 'keys' | 'relatedWrites'>,
): readonly Change[] {
  return [...keys.deletedVersions(name).map(keyRemoval), deletionRemoval(name), ...relatedWrites.purge(name)];
}

interface PurgeDue extends Omit<KeyDeleting, 'retention' | 'retirementGuard'> {
  readonly commit: Commit;
  /** Puts one purge on record. */
  readonly purged: (name: string, scheduledPurgeDate: number, head: Head) => Promise<void>;
}

/**
 * Purges deleted keys whose retention has ended, with purge protection or without: the date was promised when the key was
 * deleted. Every worker runs this; the plan looks again on the state it commits to, so only one of them purges a key.
 */
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
