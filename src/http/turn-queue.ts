// Collects what arrives in one turn of the event loop and hands it on together, after the loop has read every socket.
// One look at the store then serves all of it, and the work leaves in bursts: both measured as the largest gains.

export class TurnQueue<T> {
  readonly #take: (items: readonly T[]) => void;
  #items: T[] = [];

  constructor(take: (items: readonly T[]) => void) {
    this.#take = take;
  }

  push(item: T): void {
    if (this.#items.push(item) === 1) setImmediate(this.#run);
  }

  #run = (): void => {
    const items = this.#items;
    this.#items = [];
    this.#take(items);
  };
}
