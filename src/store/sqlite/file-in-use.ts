// Notices when another file took the name of the one that is open. A connection would go on with the old, nameless file,
// and its commits would go where nobody looks.
import { type BigIntStats, statSync } from 'node:fs';

export class FileInUse {
  readonly #path: string;
  readonly #atOpening: BigIntStats;

  constructor(path: string) {
    this.#path = path;
    this.#atOpening = statSync(path, { bigint: true });
  }

  replaced(): boolean {
    const now = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return now === undefined || now.ino !== this.#atOpening.ino || now.dev !== this.#atOpening.dev;
  }
}
