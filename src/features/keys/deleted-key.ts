// A deleted key: one sealed record `deleted-key/{name}` beside the records of its versions, which stay as they are. To
// recover the key is to remove this record; to purge it is to remove all of them.
import { StoreError } from '../../store/port.ts';

export interface DeletedKey {
  /** As the key was spelled. */
  readonly name: string;
  /** Unix seconds. */
  readonly deletedDate: number;
  /** Unix seconds; what was promised when the key was deleted stays. */
  readonly scheduledPurgeDate: number;
}

export function deletedRecordName(name: string): string {
  return `deleted-key/${name.toLowerCase()}`;
}

/** The lower-case name of the key; undefined for records of other kinds. */
export function parseDeletedRecordName(recordName: string): string | undefined {
  return /^deleted-key\/([0-9a-z-]{1,127})$/.exec(recordName)?.[1];
}

export function encodeDeletedKey({ name, deletedDate, scheduledPurgeDate }: DeletedKey): Uint8Array {
  return Buffer.from(JSON.stringify({ name, deletedDate, scheduledPurgeDate }), 'utf8');
}

/** @throws StoreError Damaged */
export function decodeDeletedKey(value: Uint8Array): DeletedKey {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as Partial<DeletedKey>;
  const { name, deletedDate, scheduledPurgeDate } = stored;
  if (typeof name !== 'string' || !Number.isSafeInteger(deletedDate) || !Number.isSafeInteger(scheduledPurgeDate)) {
    throw new StoreError('Damaged', 'the record of a deleted key does not have its members');
  }
  return stored as DeletedKey;
}
