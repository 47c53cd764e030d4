// How long to wait after failures: twice as long each time, up to an hour.

const FIRST = 10;
const LONGEST = 3600;

export class Backoff {
  #failures = 0;
  #firstAt = 0;

  /** @returns seconds until the next attempt */
  failed(now: number): number {
    if (this.#failures === 0) this.#firstAt = now;
    this.#failures += 1;
    return Math.min(FIRST * 2 ** (this.#failures - 1), LONGEST);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** A day of failures: long enough, and often enough, to stop. */
  isExhausted(now: number): boolean {
    return this.#failures >= 12 && now - this.#firstAt >= 86_400;
  }
}
