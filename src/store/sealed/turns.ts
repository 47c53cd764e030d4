// One at a time, in the order of asking.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // Whoever asked hears of a failure; the next in line does not care.
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Resolves when everything asked for until now is over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
