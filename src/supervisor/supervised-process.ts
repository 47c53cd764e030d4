// One child that is meant to run: started, watched, started again when it dies, stopped in order. It knows nothing of
// what the child does beyond that it says `ready` once it serves.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Link } from '../links/link.ts';
import { ready } from '../links/messages.ts';
import { killGroup, type Program, spawnChild } from '../links/spawn-child.ts';
import type { LogFile } from './log-file.ts';
import { QUICK_FAILURES, restartDelay, WELL_AFTER_MS } from './restart-delay.ts';

export interface ProcessOptions {
  /** For people: `service dev/0`. */
  readonly label: string;
  /** Asked before every start. */
  program(): Promise<Program> | Program;
  readonly log: LogFile;
  /** Attach further message handlers to a new child's link. */
  connected?(link: Link): void;
  ready?(message: { readonly port: number; readonly modulePids: unknown }): void;
  /** The child has ended without being told to. */
  down?(): void;
  /** Everything worth telling a person. */
  report(text: string): void;
  /** Also shown line by line (`--verbose`). */
  show?(label: string, chunk: Buffer): void;
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

export class SupervisedProcess implements AsyncDisposable {
  readonly #options: ProcessOptions;
  #child: { readonly process: ChildProcess; readonly link: Link; readonly gone: Promise<void> } | undefined;
  #link: Link | undefined;
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(generation: number): Promise<void> {
    const { label, log, report } = this.#options;
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
    const { process: child, link } = spawnChild(program);
    const gone = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        report(`${label} could not be started: ${error.message}`);
        resolve();
      });
      child.once('exit', () => resolve());
    });
    this.#child = { process: child, link, gone };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log.write(chunk);
        this.#options.show?.(label, chunk);
      });
      stream?.on('error', () => {}); // a broken pipe shows as the exit of the child
    }
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
    await gone;
    clearTimeout(late);
    this.#child = undefined;
    this.#link = undefined;
    // Its last words, why it ends, may still be on the way.
    if (this.#wanted) await Promise.race([link.closed, delay(LAST_WORDS_WITHIN_MS, undefined, { ref: false })]);
    await link[Symbol.asyncDispose]();
    if (!this.#wanted || generation !== this.#generation) return;
    this.#options.down?.();
    if (performance.now() - startedAt >= WELL_AFTER_MS) this.#failures = 0;
    this.#failed(describeExit(child));
  }

  get #readyWithin(): number {
    return this.#options.readyWithinMs ?? READY_WITHIN_MS;
  }

  /** `how` reaches everybody who waits, clients of the management plane among them; `why` those at the machine. */
  #failed(how: string, why = ''): void {
    if (!this.#wanted) return;
    this.#failures += 1;
    const { label, report, restartAfterMs = restartDelay } = this.#options;
    const wait = restartAfterMs(this.#failures);
    if (this.#failures === QUICK_FAILURES) {
      report(
        `${label} ${how}${why}; it failed ${QUICK_FAILURES} times in a row, next try in ${wait / 1000} s (see the logs)`,
      );
    } else report(`${label} ${how}${why}; starting it again`);
    if (this.#failures >= QUICK_FAILURES) {
      this.#givenUp = new DoesNotStart(label, how, this.#options.log.name);
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

function describeExit(child: ChildProcess): string {
  return child.signalCode === null ? `ended with code ${child.exitCode}` : `was ended by ${child.signalCode}`;
}
