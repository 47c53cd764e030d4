// Lower-case names in ascending order, for lists in pages.

export class SortedNames {
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  add(name: string): void {
    const at = this.#position(name);
    if (this.#names[at] !== name) this.#names.splice(at, 0, name);
  }

  remove(name: string): void {
    const at = this.#position(name);
    if (this.#names[at] === name) this.#names.splice(at, 1);
  }

  /** Up to `count` names that come after the given one, which need not be there. */
  after(name: string | undefined, count: number): readonly string[] {
    let at = name === undefined ? 0 : this.#position(name.toLowerCase());
    if (name !== undefined && this.#names[at] === name.toLowerCase()) at++;
    return this.#names.slice(at, at + count);
  }

  /** First index whose name is not below the given one. */
  #position(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#names[middle] as string) < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
