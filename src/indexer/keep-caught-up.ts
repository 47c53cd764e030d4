// Brings the index of each log up to it, again and again, a little of each at a time. What goes wrong with one is said once and tried
// again: an index that lacks something is only slower for who asks.
import { setTimeout as delay } from 'node:timers/promises';
import { type IndexWriter, openIndexWriter } from '../features/audit/index/catch-up.ts';
import { indexPlace, isBusy, removeOtherVersions } from '../features/audit/index/index-file.ts';

/** One transaction; as long again it pauses, so that others find the file free, and half of a core at most is taken. */
const STEP_MS = 50;
const LOOK_EVERY_MS = 1_000;

/** @param folders of logs @param stopping resolves with it */
export async function keepCaughtUp(
  indexes: string,
  folders: readonly string[],
  stopping: AbortSignal,
  say: (what: string) => void,
  wait = pause,
): Promise<void> {
  removeOtherVersions(indexes);
  using stack = new DisposableStack();
  const logs = folders.map((folder) => stack.use(new CaughtUpLog(indexes, folder, say)));
  while (!stopping.aborted) {
    let more = false;
    for (const log of logs) {
      if (!log.step()) continue;
      more = true;
      await wait(STEP_MS, stopping);
    }
    if (!more) await wait(LOOK_EVERY_MS, stopping);
  }
}

class CaughtUpLog implements Disposable {
  readonly #indexes: string;
  readonly #folder: string;
  readonly #say: (what: string) => void;
  #writer: IndexWriter | undefined;
  #said: string | undefined;

  constructor(indexes: string, folder: string, say: (what: string) => void) {
    this.#indexes = indexes;
    this.#folder = folder;
    this.#say = say;
  }

  /** @returns whether there is more to be read at once */
  step(): boolean {
    try {
      this.#writer ??= openIndexWriter(indexPlace(this.#indexes, this.#folder), (why) =>
        this.#say(`the index of ${this.#folder} is made anew: ${why}`),
      );
      const more = this.#writer.step(STEP_MS);
      this.#said = undefined;
      return more;
    } catch (error) {
      this[Symbol.dispose]();
      // Another writes to it: that is as good.
      if (isBusy(error)) return false;
      const what = `the index of ${this.#folder} is not caught up: ${error instanceof Error ? error.message : String(error)}`;
      if (what !== this.#said) this.#say(what);
      this.#said = what;
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#writer?.[Symbol.dispose]();
    this.#writer = undefined;
  }
}

async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stopping }).catch(() => undefined); // that it is to end, the loop sees
}
