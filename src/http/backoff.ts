// How long to wait after failures of a receiver: twice as long each time, up to a limit.

interface Waits {
  /** Seconds. */
  readonly first: number;
  readonly longest: number;
}

export class Backoff {
  readonly #waits: Waits;
  #failures = 0;
  #firstAt = 0;

  constructor(waits: Waits = { first: 10, longest: 3600 }) {
    this.#waits = waits;
  }

  /** @returns seconds until the next attempt */
  failed(now: number): number {
    if (this.#failures === 0) this.#firstAt = now;
    this.#failures += 1;
    return Math.min(this.#waits.first * 2 ** (this.#failures - 1), this.#waits.longest);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** A day of failures: long enough, and often enough, to stop. */
  isExhausted(now: number): boolean {
    return this.#failures >= 12 && now - this.#firstAt >= 86_400;
  }
}
