// The way to one receiver: after a failure it is left alone for a while, longer each time, and it gets no more in an hour than it is to.
import { Backoff } from '../http/backoff.ts';
import type { Delivery } from '../http/post-event.ts';

const HOUR = 3_600_000;

export class WayOut {
  readonly #backoff = new Backoff();
  readonly #steady: () => number;
  readonly #mostPerHour: number;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Within the last hour. */
  #sentAt: readonly number[] = [];

  /** @param steady milliseconds of a clock that nobody sets */
  constructor(steady: () => number, mostPerHour = Number.POSITIVE_INFINITY) {
    this.#steady = steady;
    this.#mostPerHour = mostPerHour;
  }

  /** Something may be sent now. */
  get isOpen(): boolean {
    const now = this.#steady();
    return this.#pausedUntil <= now && this.#sentAt.filter((each) => each > now - HOUR).length < this.#mostPerHour;
  }

  /** A day of failures, one after the other. */
  get isExhausted(): boolean {
    return this.#backoff.isExhausted(this.#steady() / 1000);
  }

  /** One attempt. @returns what became of it, and in how many milliseconds the next may be made */
  async send(deliver: () => Promise<Delivery>): Promise<Delivery & { readonly pause: number }> {
    const delivery = await deliver();
    const at = this.#steady();
    const pause = delivery.outcome === 'failed' ? 1000 * this.#backoff.failed(at / 1000) : 0;
    if (pause === 0) this.#backoff.succeeded();
    this.#pausedUntil = at + pause;
    if (this.#mostPerHour < Number.POSITIVE_INFINITY) {
      this.#sentAt = [...this.#sentAt.filter((each) => each > at - HOUR), at];
    }
    return { ...delivery, pause };
  }
}
