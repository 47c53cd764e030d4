// What `npm run bench -- latency` found, as written to `--json`, and what is wanted of it.
import type { Environment } from '../machine/environment.ts';
import { median } from '../median.ts';

/** What a lone request may take above its cryptography, an echo and a write to the disk. */
export const OVER_WANTED_MICROS = 150;
/** 99 of 100 answers at half load, from when the request was due. */
export const HALF_LOAD_P99_WANTED_MS = 5;

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** Taken within the same seconds: the speed of a virtual machine changes from one to the next. Medians, in µs. */
export interface LoneRound {
  readonly product: number;
  readonly echo: number;
  readonly crypto: number;
  readonly sync: number;
}

type Share = { readonly foreign: number; readonly stolen: number };

export interface LatencyRow {
  readonly name: string;
  readonly title: string;
  readonly rounds: readonly LoneRound[];
  /** Over all rounds, µs. */
  readonly lone: Quantiles;
  readonly echo: Quantiles;
  readonly sync: Quantiles;
  readonly requests: number;
  /** Processor time of one lone request, µs, by role. */
  readonly cpuMicros: Readonly<Record<string, number>>;
  readonly peakPerSecond: number;
  readonly half: {
    readonly perSecond: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    /** Of the bare echo, asked as often. */
    readonly echoP99Ms: number;
    readonly unsent: number;
  };
  readonly checked: number;
  readonly wrong: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly disturbance: Readonly<Record<'lone' | 'half', Share>>;
}

export interface LatencyResults {
  readonly environment: Environment;
  readonly rawMethod: string;
  readonly seconds: number;
  readonly connections: number;
  readonly rows: readonly LatencyRow[];
}

/** What a lone request takes above the sum of what it cannot do without: the median of the rounds. */
export function overMicros(rounds: readonly LoneRound[]): number {
  return median(rounds.map(({ product, echo, crypto, sync }) => product - echo - crypto - sync));
}
