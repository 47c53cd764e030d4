// One child that is meant to run: started, watched, started again when it dies, stopped in order. It knows nothing of
// what the child does beyond that it says `ready` once it serves.
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Link } from '../links/link.ts';
import { alive, ready } from '../links/messages.ts';
import { killGroup, type Program, type SpawnedChild, spawnChild } from '../links/spawn-child.ts';
import { LogFile } from './log-file.ts';

export interface ProcessOptions {
  /** For people: `service dev/0`. */
  readonly label: string;
  /** Asked before every start. */
  program(): Promise<Program> | Program;
  /** Path of the file that takes what it prints. */
  readonly log: string;
  /** Attach further message handlers to a new child's link. */
  connected?(link: Link): void;
  ready?(message: ReturnType<typeof ready.decode>): void;
  /** The child has ended without being told to. */
  down?(): void;
  /** It answers again, after a time in which it did not. */
  answersAgain?(): void;
  /** Everything worth telling a person. */
  report(text: string): void;
  /** Also shown line by line (`--verbose`). */
  readonly show?: ((label: string, chunk: Buffer) => void) | undefined;
  readonly readyWithinMs?: number;
  readonly stopWithinMs?: number;
  /** Before the next start after so many quick failures in a row; tests shorten it. */
  restartAfterMs?(failures: number): number;
}

/** Its starts failed too often in a row. It goes on being tried, slowly, but nobody waits for that. */
export class DoesNotStart extends Error {
  override readonly name = 'DoesNotStart';
  /** File name of the log in which it says why. */
  readonly log: string;

  constructor(label: string, how: string, log: string) {
    super(`${label} does not start: it ${how}`);
    this.log = log;
  }
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const LAST_WORDS_WITHIN_MS = 500;
/** A child that lived this long was well: its earlier failures no longer count. */
const WELL_AFTER_MS = 30_000;
/** After so many quick failures in a row the trouble is reported and the pace slows. */
export const QUICK_FAILURES = 5;
const FIRST_MS = 100;
const SLOW_MS = 30_000;

/** How long to wait before a dead child is started again. @param failures quick failures in a row, this one included */
export function restartDelay(failures: number): number {
  return failures >= QUICK_FAILURES ? SLOW_MS : FIRST_MS * 2 ** (failures - 1);
}

export class SupervisedProcess implements AsyncDisposable {
  readonly #options: ProcessOptions;
  readonly #log: LogFile;
  #child: SpawnedChild | undefined;
  #link: Link | undefined;
  /** Of a child that was asked whether it still does anything, and of one that has not answered in time. */
  #asked: Link | undefined;
  #silent: Link | undefined;
  #restart: NodeJS.Timeout | undefined;
  #wanted = false;
  #failures = 0;
  /** Counts starts, so that a preparation overtaken by stop and start spawns nothing. */
  #generation = 0;
  /** Why nobody should wait, from a failure too many until the next try begins. */
  #givenUp: DoesNotStart | undefined;
  #waiters: { resolve: () => void; reject: (reason: Error) => void }[] = [];

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#log = new LogFile(options.log);
  }

  /** The link of a child that has said `ready`. */
  get link(): Link | undefined {
    return this.#link;
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  get isReady(): boolean {
    return this.#link !== undefined;
  }

  /** It has said `ready`, and answers what it is asked. */
  get answers(): boolean {
    return this.#link !== undefined && this.#link !== this.#silent;
  }

  /** Asks it whether it still does anything; where it has not answered when this is called again, it hangs, until it does. */
  probe(): void {
    const link = this.#link;
    if (link === undefined || link === this.#silent) return;
    const { label, report, answersAgain } = this.#options;
    if (link === this.#asked) {
      this.#silent = link;
      report(`${label} runs and does not answer`);
      return;
    }
    this.#asked = link;
    const answered = (): void => {
      this.#asked = undefined;
      if (this.#silent !== link) return;
      this.#silent = undefined;
      report(`${label} answers again`);
      answersAgain?.();
    };
    link.request(alive, {}).then(answered, () => undefined); // it has ended
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#failures = 0;
    this.#generation += 1;
    void this.#run(this.#generation);
  }

  /**
   * Resolves when the child serves; rejects with `DoesNotStart` once it has failed several times quickly – from then on at
   * every further failure, and at once between two tries –, and when it was stopped. Nobody waits for ever.
   */
  whenReady(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (!this.#wanted) return Promise.reject(new Error(`${this.#options.label} is not running`));
    if (this.#givenUp !== undefined) return Promise.reject(this.#givenUp);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** One that has failed too often is tried at once: its program may be another now. */
  retry(): void {
    if (!this.#wanted || this.#givenUp === undefined) return;
    clearTimeout(this.#restart);
    void this.#run(this.#generation);
  }

  /** The child goes on; when it has ended no other is started. */
  release(): void {
    this.#wanted = false;
    clearTimeout(this.#restart);
  }

  /** Tells the child to stop by ending its link; one that does not is killed after a bounded time. */
  async stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#restart);
    this.#settle(new Error(`${this.#options.label} was stopped`));
    // It closes its port before it ends, and somebody else may take that: from now on it does not serve.
    this.#link = undefined;
    const child = this.#child;
    if (child === undefined) return;
    child.link.end();
    const within = this.#options.stopWithinMs ?? STOP_WITHIN_MS;
    const timer = setTimeout(() => {
      this.#options.report(`${this.#options.label} did not stop within ${within / 1000} s and was killed`);
      killGroup(child.process);
    }, within);
    await child.gone;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#log[Symbol.dispose]();
  }

  async #run(generation: number): Promise<void> {
    const { label, report, show } = this.#options;
    this.#givenUp = undefined;
    let program: Program;
    try {
      program = await this.#options.program();
    } catch (error) {
      if (generation === this.#generation)
        this.#failed('could not be prepared', `: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (!this.#wanted || generation !== this.#generation) return;
    const startedAt = performance.now();
    this.#child = spawnChild(program, (chunk) => {
      this.#log.write(chunk);
      show?.(label, chunk);
    });
    const { process: child, link, gone } = this.#child;
    const late = setTimeout(() => {
      report(`${label} did not get ready within ${this.#readyWithin / 1000} s and is started again`);
      killGroup(child);
    }, this.#readyWithin);
    link.on(ready, (message) => {
      clearTimeout(late);
      if (!this.#wanted || generation !== this.#generation) return; // said before it heard of the stop
      this.#link = link;
      this.#options.ready?.(message);
      this.#settle();
    });
    this.#options.connected?.(link);
    // A child that closes its link, or talks nonsense on it, is out of control even if it still runs. One that is ending
    // closes it too, and says with its exit code why.
    void link.closed.then(async () => {
      // Whoever ended it waits for the next one: what is about to be killed serves nobody.
      if (this.#link === link) this.#link = undefined;
      if (!this.#wanted) return;
      if (link.refused !== undefined) report(`${label} sent a message that was refused: ${String(link.refused)}`);
      else await Promise.race([gone, delay(LAST_WORDS_WITHIN_MS, undefined, { ref: false })]);
      killGroup(child);
    });
    const unstarted = await gone;
    if (unstarted !== undefined) report(`${label} could not be started: ${unstarted.message}`);
    clearTimeout(late);
    this.#child = undefined;
    this.#link = undefined;
    // Its last words, why it ends, may still be on the way.
    if (this.#wanted) await Promise.race([link.closed, delay(LAST_WORDS_WITHIN_MS, undefined, { ref: false })]);
    await link[Symbol.asyncDispose]();
    if (!this.#wanted || generation !== this.#generation) return;
    this.#options.down?.();
    if (performance.now() - startedAt >= WELL_AFTER_MS) this.#failures = 0;
    const { signalCode, exitCode } = child;
    this.#failed(signalCode === null ? `ended with code ${exitCode}` : `was ended by ${signalCode}`);
  }

  get #readyWithin(): number {
    return this.#options.readyWithinMs ?? READY_WITHIN_MS;
  }

  /** `how` reaches everybody who waits, clients of the management plane among them; `why` those at the machine. */
  #failed(how: string, why = ''): void {
    if (!this.#wanted) return;
    this.#failures += 1;
    const { label, log, report, restartAfterMs = restartDelay } = this.#options;
    const wait = restartAfterMs(this.#failures);
    if (this.#failures === QUICK_FAILURES) {
      report(
        `${label} ${how}${why}; it failed ${QUICK_FAILURES} times in a row, next try in ${wait / 1000} s (see the logs)`,
      );
    } else report(`${label} ${how}${why}; starting it again`);
    if (this.#failures >= QUICK_FAILURES) {
      this.#givenUp = new DoesNotStart(label, how, basename(log));
      this.#settle(this.#givenUp);
    }
    this.#restart = setTimeout(() => void this.#run(this.#generation), wait);
  }

  #settle(error?: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve, reject } of waiters) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }
}
