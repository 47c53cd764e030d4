// Items in ascending order, each once. They lie in blocks, so that to add or remove one moves a block at most, however many there are.

/** A block that grows beyond this is split in half. */
const LONGEST = 512;

export class SortedList<T> {
  /** Ascending within and from one to the next; none is empty. */
  readonly #blocks: T[][] = [];
  readonly #compare: (a: T, b: T) => number;
  #size = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    const { at, block, position, isThere } = this.#find(item);
    if (isThere) return;
    block.splice(position, 0, item);
    this.#size++;
    if (this.#blocks.length === 0) this.#blocks.push(block);
    if (block.length > LONGEST) this.#blocks.splice(at + 1, 0, block.splice(LONGEST / 2));
  }

  remove(item: T): void {
    const { at, block, position, isThere } = this.#find(item);
    if (!isThere) return;
    block.splice(position, 1);
    this.#size--;
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** Up to `count` items that come after the given one, which need not be there. */
  after(item: T | undefined, count: number): readonly T[] {
    let { at, block, position } = { at: 0, block: this.#blocks[0] ?? [], position: 0 };
    if (item !== undefined) {
      const found = this.#find(item);
      ({ at, block } = found);
      position = found.isThere ? found.position + 1 : found.position;
    }
    const found: T[] = [];
    while (found.length < count && at < this.#blocks.length) {
      found.push(...block.slice(position, position + count - found.length));
      block = this.#blocks[++at] ?? [];
      position = 0;
    }
    return found;
  }

  /** Where the item is, or would be: in the last block that begins at or below it. */
  #find(item: T): { readonly at: number; readonly block: T[]; readonly position: number; readonly isThere: boolean } {
    const beyond = firstOf(this.#blocks, ([first]) => this.#compare(first as T, item) > 0);
    const at = Math.max(0, beyond - 1);
    const block = this.#blocks[at] ?? [];
    const position = firstOf(block, (one) => this.#compare(one, item) >= 0);
    const isThere = position < block.length && this.#compare(block[position] as T, item) === 0;
    return { at, block, position, isThere };
  }
}

/** The first index from which on it holds for all. */
function firstOf<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
