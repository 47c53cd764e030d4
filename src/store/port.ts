// What a store must do. It is not trusted: keys are keyed hashes and values are sealed before they get here, so an
// adapter knows nothing of what it keeps. Behaviour is fixed by `store.contract.ts`; adapters stay native.

/** One row. `key` is 32 bytes; `revision` is given by the writer (and sealed into `value`); `value` null: deleted. */
export interface Row {
  readonly key: Uint8Array;
  readonly revision: number;
  readonly value: Uint8Array | null;
}

/** A write is done only if every guarded key still has the revision named (0: the key is absent or deleted). */
export interface Guard {
  readonly key: Uint8Array;
  readonly revision: number;
}

/** For how many revisions a store shows a deletion in `changesSince`, at the least. */
export const DELETIONS_KEPT = 10_000;

/** Bytes of a key. */
export const KEY_BYTES = 32;

export interface Store extends AsyncDisposable {
  read(key: Uint8Array): Promise<Row | undefined>;
  /** All live rows, in batches, as of one moment. */
  list(): AsyncIterable<readonly Row[]>;
  /**
   * Rows written or deleted with a revision above the given one, ascending by revision, as of one moment. A deletion may
   * be forgotten once `DELETIONS_KEPT` further revisions were written.
   */
  changesSince(revision: number): Promise<readonly Row[]>;
  /**
   * True when another connection may have committed since the last `changesSince` or `list` of this one. Cheap enough
   * to be asked before every burst of requests; every commit acknowledged before the call is seen.
   */
  changed(): boolean | Promise<boolean>;
  /** Durable when it resolves (survives power loss). All writes or none. @throws StoreError */
  commit(guards: readonly Guard[], writes: readonly Row[]): Promise<'committed' | 'conflict'>;
}

export type StoreErrorCode =
  | 'Unavailable' // disk full, locked for too long, I/O error
  | 'Damaged' // the engine's own file does not read
  | 'Refused' // a sealed record or the head is not authentic, or older than what was seen
  | 'Conflict'; // a guarded update lost its race too often

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Who holds the records of this store ends on it: nothing is served from what is known to be tampered with. */
export function refused(reason: string): StoreError {
  return new StoreError('Refused', `the store was tampered with: ${reason}`);
}

/**
 * The form that every adapter demands of a commit. What the rows mean is not looked at.
 * @throws RangeError when a caller broke the contract: nothing was written
 */
export function checkCommit(guards: readonly Guard[], writes: readonly Row[]): void {
  for (const { key, revision } of guards) {
    checkKey(key);
    if (!Number.isSafeInteger(revision) || revision < 0) throw new RangeError('a guard names no revision');
  }
  for (const { key, revision } of writes) {
    checkKey(key);
    if (!Number.isSafeInteger(revision) || revision < 1) throw new RangeError('a row needs a revision of 1 or more');
  }
}

function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
}
