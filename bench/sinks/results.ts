// What `npm run bench -- sinks` found.
import type { Disturbance } from '../machine/disturbance.ts';
import type { Environment } from '../machine/environment.ts';
import type { Pairs } from '../pairs.ts';

export interface SinksRow {
  readonly title: string;
  /** Requests per second: without sinks first, with three second. */
  readonly requests: Pairs;
  readonly disturbance: Disturbance;
  /** At the end of full load: how far the slowest sink was behind, and how long it took until none was. */
  readonly loadSeconds: number;
  readonly perSecond: number;
  readonly behind: { readonly entries: number; readonly seconds: number };
  readonly caughtUpMs: number;
  /** Entries per second, to all three sinks, while nothing else was asked for; and of the raw limit. */
  readonly speed: number;
  readonly raw: number;
  /** Microseconds of processor time for one entry to all three, under load and after it. */
  readonly watcherMicros: number;
  readonly receiversMicros: number;
  /** What did not arrive, or was not answered. */
  readonly faults: readonly string[];
}

export interface SinksResults {
  readonly environment: Environment;
  readonly rows: readonly SinksRow[];
}
