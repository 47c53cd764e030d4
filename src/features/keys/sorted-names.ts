// Lower-case names in ascending order, for lists in pages. They lie in blocks, so that to add or remove one moves a block
// at most, however many there are.

/** A block that grows beyond this is split in half. */
const LONGEST = 512;

export class SortedNames {
  /** Ascending within and from one to the next; none is empty. */
  readonly #blocks: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(name: string): void {
    const at = this.#blockOf(name);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([name]);
      this.#size = 1;
      return;
    }
    const position = firstNotBelow(block, name);
    if (block[position] === name) return;
    block.splice(position, 0, name);
    this.#size++;
    if (block.length > LONGEST) this.#blocks.splice(at + 1, 0, block.splice(LONGEST / 2));
  }

  remove(name: string): void {
    const at = this.#blockOf(name);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const position = firstNotBelow(block, name);
    if (block[position] !== name) return;
    block.splice(position, 1);
    this.#size--;
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** Up to `count` names that come after the given one, which need not be there. */
  after(name: string | undefined, count: number): readonly string[] {
    const wanted = name?.toLowerCase();
    let at = wanted === undefined ? 0 : this.#blockOf(wanted);
    let block = this.#blocks[at] ?? [];
    let position = wanted === undefined ? 0 : firstNotBelow(block, wanted);
    if (wanted !== undefined && block[position] === wanted) position++;
    const found: string[] = [];
    while (found.length < count) {
      if (position >= block.length) {
        const next = this.#blocks[++at];
        if (next === undefined) break;
        block = next;
        position = 0;
      }
      found.push(block[position++] as string);
    }
    return found;
  }

  /** The last block that begins at or below the name: it holds the name if any does. 0 when there is none. */
  #blockOf(name: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#blocks[middle]?.[0] as string) <= name) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** First index whose name is not below the given one. */
function firstNotBelow(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
