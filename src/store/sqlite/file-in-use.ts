// Notices when another file took the name of one that is open, or the open one was cut short. A connection would go on with the
// nameless file, or with what it has in memory of the lost part, and its commits would go where nobody finds them again.
import { type BigIntStats, statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreError } from '../port.ts';
import { toStoreError } from './sqlite-error.ts';

/** `store.db` and what belongs to it for as long as any connection is open. */
const PARTS = ['', '-wal', '-shm'] as const;
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
/** Between asking for the size that a file must have and looking at it, another process may have begun the log anew. */
const LOOKS = 3;

type Found = 'as it was' | 'replaced' | 'cut short';

export class FileInUse {
  readonly #path: string;
  readonly #atOpening: readonly (BigIntStats | undefined)[];
  readonly #pageSize: number;
  readonly #pages: StatementSync;
  readonly #log: StatementSync;
  #largest = 0;

  constructor(path: string, db: DatabaseSync) {
    this.#path = path;
    this.#atOpening = this.#stat();
    this.#pageSize = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
    this.#pages = db.prepare('PRAGMA page_count');
    this.#log = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /** Outside of a transaction. @throws when SQLite is busy */
  look(): Found {
    for (let look = 1; look < LOOKS; look++) {
      const found = this.#lookOnce();
      if (found !== 'cut short') return found;
    }
    return this.#lookOnce();
  }

  #lookOnce(): Found {
    const bytes = this.#bytesOfPages();
    const log = this.#log.get();
    const [frames, inFile] = [Number(log?.['log']), Number(log?.['checkpointed'])];
    const now = this.#stat();
    const isSame = now.every((part, index) => {
      const then = this.#atOpening[index];
      return part !== undefined && part.ino === then?.ino && part.dev === then.dev;
    });
    if (!isSame) return 'replaced';
    const [file = 0, wal = 0] = now.map((part) => Number(part?.size));
    if (frames > 0 && wal < WAL_HEADER + frames * (FRAME_HEADER + this.#pageSize)) return 'cut short';
    // The last pages may be in the log alone, but not once all of it was written into the file; and the file shrinks only
    // together with its pages.
    if (file < bytes && (frames === inFile || file < this.#largest)) return 'cut short';
    this.#largest = file;
    return 'as it was';
  }

  #bytesOfPages(): number {
    try {
      return Number(this.#pages.get()?.['page_count']) * this.#pageSize;
    } catch (error) {
      const known = toStoreError(error);
      // So much is gone that the file does not say any more how large it is.
      if (known instanceof StoreError && known.code === 'Damaged') return Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  #stat(): (BigIntStats | undefined)[] {
    return PARTS.map((part) => statSync(this.#path + part, { bigint: true, throwIfNoEntry: false }));
  }
}
