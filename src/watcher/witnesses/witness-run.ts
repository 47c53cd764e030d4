// Keeps one witness going on with one log, for ever: brings it the newest checkpoint, at most so often; the same one again after a while,
// so that its time says that somebody still looks; and later when it is away.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WitnessFailure } from '../../deployment/cosigned-checkpoints.ts';
import type { WitnessConfig } from '../../deployment/witnesses.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import { parseWitnessKey } from '../../formats/cosignature.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import { Backoff } from '../../http/backoff.ts';
import { whyUnanswered } from '../../http/outbound.ts';
import type { WatchedLog } from '../watched-logs.ts';
import { submitCheckpoint } from './submit.ts';
import { TileMissing } from './tile-ranges.ts';

/** Of the machine; tests move it. */
export interface WitnessClock {
  /** Milliseconds, Unix time. */
  now(): number;
  /** Returns early when it is to stop. */
  pause(ms: number, stopping: AbortSignal): Promise<void>;
}

export interface WitnessRunOptions {
  readonly log: WatchedLog;
  readonly witness: WitnessConfig;
  /** The checkpoint that it has cosigned last, as it is kept. */
  readonly kept: { readonly note: string; readonly time: number } | undefined;
  /** Keeps a newer one, and tells of it; or keeps why there is none. */
  readonly keep: (what: string | WitnessFailure) => Promise<void>;
  readonly clock: WitnessClock;
}

export interface WitnessStatus {
  readonly witness: string;
  /** Name of the instance; absent: it has none any more, or is the management plane's. */
  readonly instance?: string | undefined;
  readonly isManagement: boolean;
  readonly origin: string;
  /** Entries that it vouches for. */
  readonly size: number;
  /** Entries that a checkpoint covers and it has not cosigned. */
  readonly behind: number;
  /** Seconds since 1970; absent: never. */
  readonly cosignedAt?: number | undefined;
  readonly lastFailure?: WitnessFailure | undefined;
  /** What it has signed before is not in the log: the log shrank or was forked. */
  readonly contradicted: boolean;
}

const WAITS = { first: 5, longest: 300 };
const EVERY_S = 60;
/** A checkpoint that stays the newest is cosigned anew. */
const ANEW_S = 900;

export class WitnessRun implements AsyncDisposable {
  readonly #options: WitnessRunOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff(WAITS);
  readonly #done: Promise<void>;
  /** Text of the log's checkpoint that was cosigned last. */
  #text: string | undefined;
  #status: WitnessStatus;

  constructor(options: WitnessRunOptions) {
    this.#options = options;
    const { witness, log, kept } = options;
    const { instance, isManagement, origin } = log;
    this.#status = {
      ...{ witness: witness.name, instance, isManagement, origin },
      size: 0,
      behind: 0,
      contradicted: false,
    };
    if (kept !== undefined) {
      this.#status = { ...this.#status, size: parseCheckpoint(kept.note).checkpoint.size, cosignedAt: kept.time };
    }
    this.#done = this.#run();
  }

  get status(): WitnessStatus {
    return this.#status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, witness } = this.#options;
    const stopping = this.#stop.signal;
    while (!stopping.aborted) {
      const why = await this.#step().catch((error: unknown) => this.#reason(error));
      if (stopping.aborted) return;
      const seconds = why === undefined ? (witness.everySeconds ?? EVERY_S) : this.#backoff.failed(clock.now() / 1000);
      if (why !== undefined) {
        const { contradicted } = this.#status;
        const lastFailure = { at: new Date(clock.now()).toISOString(), why, contradicted };
        this.#status = { ...this.#status, lastFailure };
        await this.#options.keep(lastFailure).catch(() => undefined); // the next one says so again
      }
      await clock.pause(seconds * 1000, stopping);
    }
  }

  #reason(error: unknown): string {
    // The next look finds the tiles of a newer checkpoint, or that they are missing still.
    return error instanceof TileMissing ? error.message : whyUnanswered(error, this.#stop.signal);
  }

  /** @returns why it was not cosigned */
  async #step(): Promise<string | undefined> {
    const { log, witness, clock, keep } = this.#options;
    const text = readIfThere(join(log.folder, 'checkpoint'));
    if (text === undefined) return undefined;
    if (text === this.#text && !this.#isOld()) return undefined;
    const { note, checkpoint } = parseCheckpoint(text);
    const { size } = this.#status;
    this.#status = { ...this.#status, behind: Math.max(0, checkpoint.size - size) };
    const ca = witness.caFile === undefined ? undefined : readFileSync(witness.caFile, 'utf8');
    const target = { url: new URL(witness.url), verifier: parseWitnessKey(witness.key), ca };
    const said = await submitCheckpoint({ folder: log.folder, note, checkpoint, text }, target, size, {
      stopping: this.#stop.signal,
    });
    if (said.outcome !== 'cosigned') {
      this.#status = { ...this.#status, contradicted: said.outcome === 'contradicted' };
      return said.why;
    }
    this.#backoff.succeeded();
    this.#text = text;
    const cosignedAt = Math.min(said.time, Math.floor(clock.now() / 1000));
    this.#status = { ...this.#status, size: checkpoint.size, behind: 0, cosignedAt, contradicted: false };
    await keep(said.note);
    return undefined;
  }

  /** Nothing comes any more to the log of an instance that was purged: once is enough. */
  #isOld(): boolean {
    const { cosignedAt = 0, instance, isManagement } = this.#status;
    if (instance === undefined && !isManagement) return false;
    return this.#options.clock.now() / 1000 - cosignedAt >= ANEW_S;
  }
}
