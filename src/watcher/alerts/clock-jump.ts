// Whether the machine's clock went another way than time does: what is set by hand, a time server that was wrong, a machine that was halted.

export class ClockJump {
  readonly #now: () => number;
  readonly #steady: () => number;
  #last: number;

  /** @param now milliseconds of the machine's clock @param steady milliseconds of one that nobody sets */
  constructor(now: () => number, steady: () => number) {
    this.#now = now;
    this.#steady = steady;
    this.#last = now() - steady();
  }

  /** Seconds that it has jumped since the last look, below 0: back. */
  look(): number {
    const at = this.#now() - this.#steady();
    const seconds = Math.round((at - this.#last) / 1000);
    this.#last = at;
    return seconds;
  }
}
