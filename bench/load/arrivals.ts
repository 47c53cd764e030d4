// When requests fall due. In a closed loop, as soon as an answer has come. In an open loop they do at an even rate, whatever the service does: a request that finds no free
// connection has been waiting since it was due, and its latency says so.

export interface Due {
  /** When the oldest request was due that is due by `now` and not yet taken; undefined when there is none. */
  take(now: number): number | undefined;
  /** Requests that are due by `now` and not taken. */
  behind(now: number): number;
  /** One that was taken was answered, or is lost. */
  settled(): void;
}

/** A closed loop: one is always due, as long as fewer than `inFlight` are taken and not settled. */
export class ClosedLoop implements Due {
  readonly #inFlight: number;
  #taken = 0;

  constructor(inFlight: number) {
    this.#inFlight = inFlight;
  }

  take(now: number): number | undefined {
    if (this.#taken === this.#inFlight) return undefined;
    this.#taken += 1;
    return now;
  }

  behind(): number {
    return 0;
  }

  settled(): void {
    this.#taken -= 1;
  }
}

export class Arrivals implements Due {
  readonly #start: number;
  readonly #gapMs: number;
  #taken = 0;

  constructor(start: number, perSecond: number) {
    this.#start = start;
    this.#gapMs = 1000 / perSecond;
  }

  take(now: number): number | undefined {
    const due = this.#start + this.#taken * this.#gapMs;
    if (due > now) return undefined;
    this.#taken += 1;
    return due;
  }

  settled(): void {
    // What is due does not depend on answers.
  }

  behind(now: number): number {
    return Math.max(0, Math.floor((now - this.#start) / this.#gapMs) + 1 - this.#taken);
  }
}
