// Purges deleted keys whose retention has ended, with purge protection or without: the date was promised when the key was
// deleted. Every worker runs this; the plan looks again on the state it commits to, so only one of them purges a key.
import type { Commit, Head } from '../../store/sealed/records.ts';
import type { KeyRing } from './key-ring.ts';
import { type KeyPurging, purgeChanges } from './purge.ts';

export interface PurgeDue extends Pick<KeyPurging, 'keys' | 'now' | 'companions'> {
  readonly commit: Commit;
  /** Puts one purge on record. */
  readonly purged: (name: string, scheduledPurgeDate: number, head: Head) => Promise<void>;
}

/** When the next deleted key is to be purged. */
export function nextPurge(keys: KeyRing): number | undefined {
  return keys.nextPurge()?.time;
}

export async function purgeDue({ keys, commit, now, companions, purged }: PurgeDue): Promise<void> {
  const time = now();
  for (let next = keys.nextPurge(); next !== undefined && next.time <= time; next = keys.nextPurge()) {
    const { name } = next;
    const spelled = keys.findDeleted(name)?.deleted.name ?? name;
    let mine = false;
    const head = await commit(() => {
      // Another worker may have purged it, or it was recovered, perhaps deleted again since.
      const still = keys.findDeleted(name);
      mine = still !== undefined && still.deleted.scheduledPurgeDate <= now();
      return mine ? purgeChanges(still?.deleted.name ?? name, { keys, companions }) : [];
    });
    if (mine) await purged(spelled, next.time, head);
    // The clock was set back meanwhile: nothing is due any more.
    else if (keys.nextPurge()?.name === name) return;
  }
}
