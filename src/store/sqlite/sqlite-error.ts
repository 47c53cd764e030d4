// Turns what SQLite says into our closed list, once. Mistakes of ours (misuse, wrong types) stay what they are.
import { StoreError, type StoreErrorCode } from '../port.ts';

// Primary result codes, https://www.sqlite.org/rescode.html
const BUSY = 5;
const codes: ReadonlyMap<number, readonly [StoreErrorCode, string]> = new Map([
  [1, ['Damaged', 'store.db does not have the tables it should have']],
  [3, ['Unavailable', 'store.db may not be opened']],
  [BUSY, ['Unavailable', 'store.db was locked by another process for too long']],
  [6, ['Unavailable', 'store.db was locked for too long']],
  [7, ['Unavailable', 'out of memory']],
  [8, ['Unavailable', 'store.db cannot be written']],
  [10, ['Unavailable', 'store.db: input or output failed']],
  [11, ['Damaged', 'store.db is damaged']],
  [13, ['Unavailable', 'store.db: the disk is full']],
  [14, ['Unavailable', 'store.db cannot be opened']],
  [15, ['Unavailable', 'store.db: the locks on it failed']],
  [17, ['Damaged', 'store.db does not have the tables it should have']],
  [18, ['Damaged', 'store.db holds a row that is too large']],
  [24, ['Damaged', 'store.db is damaged']],
  [26, ['Damaged', 'store.db is not a database']],
]);

/** Blob sizes or numbers that no writer of ours makes. */
const OUT_OF_RANGE = 'ERR_OUT_OF_RANGE';
/** SQLITE_IOERR_CORRUPTFS and SQLITE_IOERR_SHORT_READ: the file, not the disk, is at fault. */
const DAMAGED_READS: ReadonlySet<number> = new Set([10 | (33 << 8), 10 | (2 << 8)]);

export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ((error as NodeJS.ErrnoException).code === OUT_OF_RANGE) {
    return new StoreError('Damaged', 'store.db holds a number that is out of range', { cause: error });
  }
  const extended = resultCode(error);
  if (extended === undefined) return error;
  const known = codes.get(extended & 0xff);
  if (known === undefined) return error;
  const code = DAMAGED_READS.has(extended) ? 'Damaged' : known[0];
  return new StoreError(code, `${known[1]} (SQLite ${extended}: ${error.message})`, { cause: error });
}

export function isBusy(error: unknown): boolean {
  const extended = resultCode(error);
  return extended !== undefined && (extended & 0xff) === BUSY;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}
