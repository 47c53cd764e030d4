// What `npm run bench -- writes` found, as written to `--json`.
import type { Environment } from '../machine/environment.ts';
import type { Write } from './writes.ts';

export interface Speed {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One write, measured once with one number of keys. */
export interface WriteRound extends Speed {
  readonly keys: number;
  /** What the machine does of it by itself, taken right before: raw operations or syncs per second. */
  readonly best?: number;
  /** Processor time per operation in µs, by role, in the measured time. */
  readonly cpuMicros: Readonly<Record<string, number>>;
  /** All answers, warm-up and end included. */
  readonly answers: number;
  readonly checked: number;
  readonly wrong: number;
  /** Changes that were answered and are not there afterwards. */
  readonly missing: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

export interface WriteRow extends Pick<Write, 'name' | 'title' | 'against'> {
  readonly rounds: readonly WriteRound[];
}

export interface BesideResults {
  readonly alone: Speed;
  readonly beside: Speed;
  readonly rsa: Speed;
  readonly wrong: number;
  readonly errors: Readonly<Record<string, number>>;
}

export interface WritesResults {
  readonly environment: Environment;
  readonly rawMethod: string;
  readonly seconds: number;
  readonly connections: number;
  readonly sizes: readonly number[];
  readonly rows: readonly WriteRow[];
  /** A256GCM alone, and beside the making of RSA keys. */
  readonly beside?: BesideResults;
  /** By number of keys. */
  readonly audit: readonly ({ readonly entries: number; readonly answers: number } | undefined)[];
}
