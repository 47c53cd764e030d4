// What the watcher may take of the supervisor, of workers and of logs: whoever has taken it over must not bring them down with it.

/** Longer than a checkpoint with the signatures of many witnesses. */
const MOST_NOTE = 16_384;
/** Workers may have to verify signatures for each. */
const NOTE_EVERY_MS = 1_000;
/** Of one worker: its figures and its traces, for a watcher and for the one before it. */
const MOST_UNANSWERED = 4;
/** Acts that a log takes at once, and in a minute from then on: a flood of alerts is put on record as slowly. */
const MOST_ACTS = 600;
const ACTS_PER_MINUTE = 60;

export class WatcherLimits {
  readonly #now: () => number;
  /** Notes that wait, by instance; empty: none, and the last was less than a second ago. */
  readonly #notes = new Map<string, string>();
  readonly #unanswered = new Map<string, number>();
  /** Of each log, which one that is flooded does not use up for others. */
  readonly #acts = new Map<string, { left: number; at: number }>();

  /** @param now milliseconds of a clock that nobody sets */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The newest note is told, at most one a second. */
  note(instance: string, note: string, tell: (note: string) => void): void {
    if (note.length > MOST_NOTE) return;
    if (this.#notes.has(instance)) return void this.#notes.set(instance, note);
    this.#notes.set(instance, '');
    tell(note);
    setTimeout(() => {
      const newest = this.#notes.get(instance) ?? '';
      this.#notes.delete(instance);
      if (newest !== '') this.note(instance, newest, tell);
    }, NOTE_EVERY_MS).unref();
  }

  /** @throws Error where it has not answered others */
  async question<T>(worker: string, ask: () => Promise<T>): Promise<T> {
    const before = this.#unanswered.get(worker) ?? 0;
    if (before >= MOST_UNANSWERED) throw new Error(`${worker} has not answered yet`);
    this.#unanswered.set(worker, before + 1);
    try {
      return await ask();
    } finally {
      const left = (this.#unanswered.get(worker) ?? 1) - 1;
      if (left === 0) this.#unanswered.delete(worker);
      else this.#unanswered.set(worker, left);
    }
  }

  /** @param instance that there is, or '': the management plane @throws Error: later, then */
  takeAct(instance: string): void {
    const now = this.#now();
    const { left, at } = this.#acts.get(instance) ?? { left: MOST_ACTS, at: now };
    const acts = Math.min(MOST_ACTS, left + ((now - at) * ACTS_PER_MINUTE) / 60_000);
    this.#acts.set(instance, { left: acts < 1 ? acts : acts - 1, at: now });
    if (acts < 1) throw new Error('too many acts are to be put on record');
  }
}
