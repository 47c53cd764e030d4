// A part of the watcher that may not open: the others go on without it, and it is tried again.
import type { WatcherPart } from './watcher-part.ts';

const AGAIN_MS = 10_000;

export class RetriedPart<P extends WatcherPart> implements WatcherPart {
  readonly #name: string;
  readonly #open: () => Promise<P>;
  readonly #report: (what: string) => void;
  readonly #steady: () => number;
  #part: P | undefined;
  #opening: Promise<void>;
  #isOpening = false;
  #again = 0;
  #isOver = false;
  #newest: Parameters<WatcherPart['update']> | undefined;

  private constructor({ name, open, report, steady = () => performance.now() }: RetriedPartOptions<P>) {
    [this.#name, this.#open, this.#report, this.#steady] = [name, open, report, steady];
    this.#opening = this.#tryOpen();
  }

  /** Tries once before it returns. */
  static async open<P extends WatcherPart>(options: RetriedPartOptions<P>): Promise<RetriedPart<P>> {
    const part = new RetriedPart(options);
    await part.#opening;
    return part;
  }

  /** Undefined: it does not open. */
  get part(): P | undefined {
    return this.#part;
  }

  update(...said: Parameters<WatcherPart['update']>): void {
    this.#newest = said;
    if (this.#part !== undefined) this.#part.update(...said);
    else if (!this.#isOpening && this.#steady() >= this.#again) this.#opening = this.#tryOpen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#opening;
    await this.#part?.[Symbol.asyncDispose]();
  }

  async #tryOpen(): Promise<void> {
    this.#isOpening = true;
    try {
      this.#part = await this.#open();
      if (this.#newest !== undefined && !this.#isOver) this.#part.update(...this.#newest);
    } catch (error) {
      this.#again = this.#steady() + AGAIN_MS;
      this.#report(`${this.#name} does not open, and is tried again: ${(error as Error).message}`);
    } finally {
      this.#isOpening = false;
    }
  }
}

interface RetriedPartOptions<P> {
  readonly name: string;
  /** @throws Error that says why: what it names may be reported */
  readonly open: () => Promise<P>;
  readonly report: (what: string) => void;
  /** Milliseconds of a clock that only goes on. */
  readonly steady?: () => number;
}
