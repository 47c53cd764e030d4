// The witnesses of all logs: each is brought the checkpoints of each log, and what they have cosigned is kept and told.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Cosigned,
  cosignedFile,
  cosignedTime,
  printCosigned,
  readCosigned,
  type WitnessFailure,
} from '../../deployment/cosigned-checkpoints.ts';
import type { WithoutWitness, WitnessConfig } from '../../deployment/witnesses.ts';
import { replaceFile } from '../../files/durable-file.ts';
import type { WatchedLog } from '../watched-logs.ts';
import { type WitnessClock, WitnessRun, type WitnessStatus } from './witness-run.ts';

export interface WitnessesOptions {
  /** Folder of the watcher. */
  readonly watch: string;
  readonly witnesses: readonly WitnessConfig[];
  readonly withoutWitness?: WithoutWitness | undefined;
  readonly clock: WitnessClock;
  /** A witness has cosigned this checkpoint of the log, now or in another life of this process. */
  readonly cosigned: (log: WatchedLog, note: string) => void;
}

export interface LogWitnessed {
  readonly origin: string;
  readonly instance?: string | undefined;
  readonly isManagement: boolean;
  /** Of any witness, seconds since 1970; absent: none has ever. */
  readonly cosignedAt?: number | undefined;
  /** No witness has signed for as long as the configuration allows. */
  readonly isOverdue: boolean;
  readonly witnesses: readonly WitnessStatus[];
}

export class Witnesses implements AsyncDisposable {
  readonly #options: WitnessesOptions;
  readonly #logs = new Map<string, WitnessedLog>();

  constructor(options: WitnessesOptions) {
    this.#options = options;
  }

  update(logs: readonly WatchedLog[]): void {
    for (const log of logs) {
      // One that is purged keeps its log, in another folder.
      const known = this.#logs.get(log.origin);
      if (known?.folder === log.folder) continue;
      void known?.[Symbol.asyncDispose]();
      this.#logs.set(log.origin, new WitnessedLog(log, this.#options));
    }
  }

  status(): readonly LogWitnessed[] {
    return [...this.#logs.values()].map((each) => each.status());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#logs.values()].map((each) => each[Symbol.asyncDispose]()));
  }
}

class WitnessedLog implements AsyncDisposable {
  readonly #log: WatchedLog;
  readonly #options: WitnessesOptions;
  readonly #path: string;
  readonly #runs: readonly WitnessRun[];
  #kept: Cosigned;
  /** Files are replaced one after the other. */
  #writing: Promise<void> = Promise.resolve();
  readonly #since: number;
  #cosignedAt: number | undefined;

  constructor(log: WatchedLog, options: WitnessesOptions) {
    this.#log = log;
    this.#options = options;
    const { watch, witnesses, clock } = options;
    this.#path = cosignedFile(watch, log.origin);
    this.#since = (log.createdAt === undefined ? clock.now() : Date.parse(log.createdAt)) / 1000;
    const found = readCosigned(this.#path).checkpoints;
    // Of witnesses that are configured no more nothing is said.
    const kept = new Map(
      witnesses.flatMap(({ key }) => {
        const note = found[key];
        const time = this.#timeOf(note);
        return note === undefined || time === undefined ? [] : [[key, { note, time }] as const];
      }),
    );
    this.#kept = { checkpoints: Object.fromEntries([...kept].map(([key, { note }]) => [key, note])), failures: {} };
    this.#cosignedAt = latest([...kept.values()].map(({ time }) => time));
    this.#runs = witnesses.map(
      (witness) =>
        new WitnessRun({
          ...{ log, witness, clock },
          kept: kept.get(witness.key),
          keep: (what) => this.#keep(witness.key, what),
        }),
    );
    // A worker that started before may have found less.
    for (const { note } of kept.values()) options.cosigned(log, note);
  }

  get folder(): string {
    return this.#log.folder;
  }

  status(): LogWitnessed {
    const { origin, instance, isManagement } = this.#log;
    const { withoutWitness, clock } = this.#options;
    const last = this.#cosignedAt ?? this.#since;
    const isOverdue =
      withoutWitness !== undefined &&
      (instance !== undefined || isManagement) &&
      clock.now() / 1000 - last >= withoutWitness.hours * 3600;
    const witnesses = this.#runs.map(({ status }) => status);
    return { origin, instance, isManagement, cosignedAt: this.#cosignedAt, isOverdue, witnesses };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runs.map((each) => each[Symbol.asyncDispose]()));
    await this.#writing;
  }

  #timeOf(note: string | undefined): number | undefined {
    const { witnesses, clock } = this.#options;
    const keys = witnesses.map(({ key }) => key);
    const now = Math.floor(clock.now() / 1000);
    return note === undefined ? undefined : cosignedTime(note, { origin: this.#log.origin, keys, now });
  }

  async #keep(key: string, what: string | WitnessFailure): Promise<void> {
    const { checkpoints, failures } = this.#kept;
    if (typeof what === 'string') {
      const { [key]: _, ...others } = failures;
      this.#kept = { checkpoints: { ...checkpoints, [key]: what }, failures: others };
      this.#cosignedAt = latest([this.#cosignedAt, this.#timeOf(what)]);
    } else {
      this.#kept = { checkpoints, failures: { ...failures, [key]: what } };
    }
    const write = this.#writing.then(async () => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      // Its name need not be durable: an older one does as well.
      await replaceFile(this.#path, printCosigned(this.#kept), { folder: () => Promise.resolve() });
    });
    this.#writing = write.catch(() => undefined);
    try {
      await write;
    } finally {
      // Kept first, so that whoever is served again finds it; told all the same of a disk that is full.
      if (typeof what === 'string') this.#options.cosigned(this.#log, what);
    }
  }
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
