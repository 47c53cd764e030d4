// What a run found, as written to `--json`.
import { type Disturbance, isDisturbed } from './machine/disturbance.ts';
import type { Environment } from './machine/environment.ts';

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Raw operations per second over all cores; absent where there is no cryptography. */
  readonly c?: number;
  /** Echoes per second, same request bodies, answers of the same length. */
  readonly e: number;
  /** The same of the bursting echo, which has no part in the bound. */
  readonly burstingE: number;
  /** Processor time of the echo servers for one request, in µs. */
  readonly echoMicros: Readonly<Record<'plain' | 'bursting', number>>;
  readonly b: number;
  /** Ops/B: the median of those of all rounds. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  readonly target: number;
  readonly floor?: number;
  readonly answerBytes: number;
  /** All answers of the product, warm-up included. */
  readonly answers: number;
  readonly checked: number;
  readonly wrong: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Processor time per operation in µs, by role, in the measured time. */
  readonly cpuMicros: Readonly<Record<string, number>>;
  /** Share of all cores that went elsewhere, by phase. */
  readonly disturbance: Readonly<Record<'product' | 'echo' | 'bursting' | 'raw', Disturbance>>;
}

export interface StartUp {
  /** From the command to the ready file: first start, with the development demo, and second. */
  readonly coldReadyMs: number;
  readonly warmReadyMs: number;
  /** From the warm start's command to the answer of the first wrapKey, token included; and that call alone. */
  readonly warmFirstWrapMs: number;
  readonly firstWrapMs: number;
  /** Share of all cores that went elsewhere until the second was ready. */
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

export interface ProcessMemory {
  readonly role: string;
  readonly pid: number;
  readonly pssKiB?: number;
  readonly rssKiB: number;
}

export interface Results {
  readonly environment: Environment;
  /** Load average before anything was started. */
  readonly load: number;
  readonly rawMethod: string;
  readonly seconds: number;
  readonly connections: number;
  /** What was seen to be in force while measuring, one sentence each. */
  readonly protections: readonly string[];
  /** Entries that the audit log grew by, and answers given meanwhile: each must have one. */
  readonly audit: { readonly entries: number; readonly answers: number } | undefined;
  readonly startUp: StartUp;
  readonly memoryIdle: readonly ProcessMemory[];
  readonly memoryLoaded: readonly ProcessMemory[];
  readonly rows: readonly Row[];
}

/** Others took part of the cores while one of the figures that make up ops/B was taken. */
export function isRatioDisturbed({ disturbance: { product, echo, raw } }: Pick<Row, 'disturbance'>): boolean {
  return [product, echo, raw].some(isDisturbed);
}

/** The bound: an operation costs at least its cryptography and at least an echo, and both share the cores. */
export function bound(c: number | undefined, e: number): number {
  return c === undefined ? e : 1 / (1 / c + 1 / e);
}
