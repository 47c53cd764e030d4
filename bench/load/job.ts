// What the benchmark asks of its load generator process and what it hears back.
import type { HistogramRecord } from './histogram.ts';

export interface LoadJob {
  readonly host: string;
  readonly port: number;
  /** SNI, and the name that the certificate must be for. */
  readonly serverName: string;
  /** PEM of the authority that issued the server's certificate. */
  readonly ca: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Requests fall due at this rate, whatever the answers do; without it, whenever a connection is free. */
  readonly perSecond?: number;
  /** At most so many requests at a time, in turn over all connections; without it, one on each. */
  readonly inFlight?: number;
  /** Whole requests, sent in turn; every connection starts at another one. */
  readonly requests: readonly Uint8Array[];
  /** By request: the status of a right answer; absent: 200. */
  readonly statuses?: readonly number[];
  /**
   * By request. Every connection then begins with the first request, and with each turn through them all the number of the turn
   * grows: no two requests of the job are the same. What is in flight at the end is waited for, as it may have been done.
   */
  readonly numbers?: readonly (readonly NumberPlace[])[];
}

/** Where a number is written over a request before it is sent, in decimal digits with leading zeros. */
export interface NumberPlace {
  readonly of: 'connection' | 'turn';
  readonly at: number;
  readonly digits: number;
}

/** One answer kept for checking: to which request, in which turn of which connection, and its body. */
export interface Sample {
  readonly request: number;
  readonly connection: number;
  readonly turn: number;
  readonly status: number;
  readonly body: Uint8Array;
}

export interface LoadReport {
  /** Right statuses in the measured time. */
  readonly completed: number;
  readonly elapsedMs: number;
  /** All answers, of whatever status, in both phases. */
  readonly answers: number;
  /** Everything else that happened, in both phases: `HTTP 503`, `connection closed`, … */
  readonly errors: Readonly<Record<string, number>>;
  /** From when a request was due until its answer. */
  readonly latencies: HistogramRecord;
  /** Requests that were due at the end, and not sent. */
  readonly unsent: number;
  readonly samples: readonly Sample[];
  /** By connection: answers in both phases, those at the end included. */
  readonly answered: readonly number[];
  /** Processor time of the generator itself in the measured time. */
  readonly cpuMicros: number;
}

export type GeneratorMessage =
  | { readonly kind: 'warm' } // the measured time starts
  | { readonly kind: 'report'; readonly report: LoadReport } // it is over
  | { readonly kind: 'failed'; readonly message: string };
