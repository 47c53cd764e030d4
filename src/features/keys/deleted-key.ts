// A deleted key: one sealed record beside the records of its versions, which stay as they are. To recover the key is to remove
// this record; to purge it is to remove all of them.
import { integer, ShapeError, text } from '../../formats/shape.ts';
import { ServiceError } from '../../http/service-error.ts';
import { type RecordKind, recordKind } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import type { KeyRing } from './key-ring.ts';

export interface DeletedKey {
  /** As the key was spelled. */
  readonly name: string;
  /** Unix seconds. */
  readonly deletedDate: number;
  /** Unix seconds; what was promised when the key was deleted stays. */
  readonly scheduledPurgeDate: number;
}

const time = integer(0, Number.MAX_SAFE_INTEGER);

/** `deleted-key/{name in lower case}` */
export const deletedKeyKind: RecordKind<DeletedKey> = recordKind<DeletedKey>({
  of: 'deleted-key/',
  id: /^[0-9a-z-]{1,127}$/,
  about: 'That a key is deleted, and when it is to be purged',
  travels: 'text',
  members: { name: text, deletedDate: time, scheduledPurgeDate: time },
  check({ name }, id) {
    if (name.toLowerCase() !== id) throw new ShapeError('it is of another key');
  },
});

export function deletionChange({
  name,
  deletedDate,
  scheduledPurgeDate,
}: DeletedKey): Change & { readonly value: Uint8Array } {
  return deletedKeyKind.put(name.toLowerCase(), { name, deletedDate, scheduledPurgeDate });
}

/** What recovers the key. */
export function deletionRemoval(name: string): Change {
  return deletedKeyKind.remove(name.toLowerCase());
}

// A deleted key keeps its name until it is purged: nothing may be made under it, or recovering would lose one of the two.

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
