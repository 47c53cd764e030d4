// Deletes a key so that it can be recovered, and recovers it: all versions at once, by one record that comes or goes.
import type { Commit, Head } from '../../store/sealed/records.ts';
import type { Retention } from './bundle.ts';
import { deletionChange, deletionRemoval } from './deleted-key.ts';
import { keyNotFound } from './find-key.ts';
import type { DeletedEntry, KeyIndex } from './key-index.ts';
import type { KeyVersion } from './key-version.ts';

const DAY = 86_400;

export interface KeyDeleting {
  readonly keys: KeyIndex;
  readonly now: () => number;
  readonly retention: Retention;
}

/** @param find looks the key up on current state */
export async function deleteKey(
  find: () => KeyVersion,
  commit: Commit,
  { now, retention }: KeyDeleting,
): Promise<DeletedEntry & { readonly head: Head }> {
  let entry: DeletedEntry | undefined;
  const head = await commit(() => {
    const key = find();
    const deletedDate = now();
    const scheduledPurgeDate = deletedDate + retention.recoverableDays * DAY;
    entry = { key, deleted: { name: key.name, deletedDate, scheduledPurgeDate } };
    return [deletionChange(entry.deleted)];
  });
  return { ...(entry as unknown as DeletedEntry), head };
}

/** @param find looks the deleted key up on current state */
export async function recoverKey(
  find: () => DeletedEntry,
  commit: Commit,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  let key: KeyVersion | undefined;
  const head = await commit(() => {
    key = find().key;
    return [deletionRemoval(key.name)];
  });
  return { key: key as unknown as KeyVersion, head };
}

/** @throws ServiceError KeyNotFound */
export function requireDeletedKey(keys: KeyIndex, name: string, url: string): DeletedEntry {
  const found = keys.findDeleted(name);
  if (found === undefined) throw keyNotFound(`/deletedkeys/${name}`, url);
  return found;
}
