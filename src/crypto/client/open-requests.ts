// What was asked of a partition and has no answer yet, by the number that the answer comes back with. Numbers are never used
// again while they are open, and an answer to a number that is not open is nobody's. A map would do the same: under load its
// table is made anew so often that it took a fifth of a request's time at the door.

const FIRST_SLOTS = 64;

interface Numbered<T> {
  readonly id: number;
  readonly value: T;
}

export class OpenRequests<T> {
  /** Each request at its number, less what is above the number of slots, which is a power of two. */
  #slots = emptySlots<T>(FIRST_SLOTS);
  #lastId = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns its number, u32 */
  add(value: T): number {
    if (this.#size * 2 > this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#slots[this.#lastId & mask] !== undefined);
    this.#slots[this.#lastId & mask] = { id: this.#lastId, value };
    this.#size += 1;
    return this.#lastId;
  }

  /** Closes it. Undefined when it is not open. */
  take(id: number): T | undefined {
    const at = id & (this.#slots.length - 1);
    const found = this.#slots[at];
    if (found?.id !== id) return undefined;
    this.#slots[at] = undefined;
    this.#size -= 1;
    return found.value;
  }

  /** Closes all. */
  takeAll(): readonly T[] {
    const open = this.#slots.filter((slot) => slot !== undefined);
    this.#slots = emptySlots<T>(FIRST_SLOTS);
    this.#size = 0;
    return open.toSorted((a, b) => a.id - b.id).map(({ value }) => value);
  }

  #grow(): void {
    const open = this.#slots.filter((slot) => slot !== undefined);
    this.#slots = emptySlots<T>(this.#slots.length * 2);
    // Two that differed before differ still.
    for (const slot of open) this.#slots[slot.id & (this.#slots.length - 1)] = slot;
  }
}

function emptySlots<T>(count: number): (Numbered<T> | undefined)[] {
  return new Array<Numbered<T> | undefined>(count).fill(undefined);
}
