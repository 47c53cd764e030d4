// A deleted key: one sealed record beside the records of its versions, which stay as they are. To recover the key is to remove
// this record; to purge it is to remove all of them.
import { integer, ShapeError, text } from '../../formats/shape.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';

export type DeletedKey = ValueOf<typeof deletedKeyKind>;
/** Unix seconds. */
const time = integer(0, Number.MAX_SAFE_INTEGER);

/** `deleted-key/{name in lower case}` */
export const deletedKeyKind = recordKind({
  of: 'deleted-key/',
  id: /^[0-9a-z-]{1,127}$/,
  about: 'That a key is deleted, and when it is to be purged',
  travels: 'text',
  /** The name as the key was spelled; what was promised when it was deleted stays. */
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
