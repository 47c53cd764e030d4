// What the benchmark asks of a crowd process and what it hears back.
import type { HistogramRecord } from '../load/histogram.ts';

export interface CrowdJob {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly ca: string;
  readonly connections: number;
  /** So many connections are opened at a time. */
  readonly opening: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** How long a client waits after a refusal, as `Retry-After` tells it; 0: one that heeds nothing. */
  readonly waitMs: number;
  readonly requests: readonly Uint8Array[];
  /** It stands for clients of another machine: it waits for no processor here. */
  readonly isElsewhere?: boolean;
}

export interface CrowdReport {
  readonly elapsedMs: number;
  /** Connections that were open when the measured time began, and how long it took to open them. */
  readonly connected: number;
  readonly connectingMs: number;
  /** In the measured time: answers with status 200, and with 429 or 503. */
  readonly served: number;
  readonly refused: number;
  /** Connections that the product ended with an answer, and clients opened anew, at any time. */
  readonly renewed: number;
  /** Of those that were served, from the moment that they were sent. */
  readonly latencies: HistogramRecord;
  readonly refusals: HistogramRecord;
  /** Everything else, and connections that were lost, at any time. */
  readonly errors: Readonly<Record<string, number>>;
}

export type CrowdMessage =
  | { readonly kind: 'warm' }
  | { readonly kind: 'report'; readonly report: CrowdReport }
  | { readonly kind: 'failed'; readonly message: string };
