// Which of many names is due next. A heap, so that neither a change of one nor the question grows with their number.

interface Due {
  readonly name: string;
  readonly time: number;
}

export class DueTimes {
  readonly #times = new Map<string, number>();
  /** Smallest first; holds all that is in the map, and some that no longer is. */
  #heap: Due[] = [];

  /** @param time undefined: nothing is due for this name */
  set(name: string, time: number | undefined): void {
    if (this.#times.get(name) === time) return;
    if (time === undefined) {
      this.#times.delete(name);
      return;
    }
    this.#times.set(name, time);
    push(this.#heap, { name, time });
    if (this.#heap.length > 2 * this.#times.size + 64) this.#rebuild();
  }

  next(): Due | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#times.get(first.name) === first.time) return first;
      dropFirst(this.#heap);
    }
    return undefined;
  }

  #rebuild(): void {
    // A sorted array is a heap.
    this.#heap = [...this.#times].map(([name, time]) => ({ name, time })).sort((a, b) => a.time - b.time);
  }
}

function push(heap: Due[], due: Due): void {
  let at = heap.length;
  heap.push(due);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || parent.time <= due.time) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = due;
}

function dropFirst(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const smaller = right !== undefined && left !== undefined && right.time < left.time ? right : left;
    if (smaller === undefined || smaller.time >= last.time) break;
    heap[at] = smaller;
    at = smaller === right ? 2 * at + 2 : 2 * at + 1;
  }
  heap[at] = last;
}
