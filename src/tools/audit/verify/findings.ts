// What a verification found wrong, and the order in which to tell it: by entry, then what concerns the log as a whole.

export interface Damage {
  /** Path below the log's folder. */
  readonly file: string;
  /** Index of the entry, where one can be named. */
  readonly entry?: number;
  /** Byte in the file, where one can be named. */
  readonly offset?: number;
  readonly what: string;
}

/** Enough to see a pattern; a log that is broken everywhere does not fill the memory. */
const MAX_KEPT = 1000;

export class Findings {
  readonly #all: Damage[] = [];
  #count = 0;

  add(damage: Damage): void {
    this.#count += 1;
    if (this.#all.length < MAX_KEPT) this.#all.push(damage);
  }

  get count(): number {
    return this.#count;
  }

  /** First the damage to the earliest entry. */
  sorted(): Damage[] {
    const place = ({ entry = Number.MAX_VALUE }: Damage): number => entry;
    return this.#all.toSorted((a, b) => place(a) - place(b));
  }
}
