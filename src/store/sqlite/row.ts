// A row as the table gives it, checked: who owns the file also owns its types.
import { KEY_BYTES, type Row, StoreError } from '../port.ts';

/** @throws StoreError Damaged */
export function toRow({ key, revision, value }: Record<string, unknown>): Row {
  const sound =
    key instanceof Uint8Array &&
    key.length === KEY_BYTES &&
    typeof revision === 'number' &&
    Number.isSafeInteger(revision) &&
    revision > 0 &&
    (value === null || value instanceof Uint8Array);
  if (!sound) throw new StoreError('Damaged', 'store.db holds a row that is not one');
  return { key, revision, value };
}
