// What `npm run bench -- keys` found, as written to `--json`, and what counts as growth.
import { isDisturbed } from '../machine/disturbance.ts';
import type { Environment } from '../machine/environment.ts';
import type { ProcessMemory } from '../results.ts';

export interface OperationTimes {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of all processes of the product for one, in steps of the system's clock tick. */
  readonly cpuMicros: number;
}

/** Of one number of keys. */
export interface SizeResults {
  readonly keys: number;
  readonly versions: number;
  readonly fillMs: number;
  readonly storeBytes: number;
  /** From the command to the ready file. */
  readonly readyMs: number;
  /** Processor time of the product's processes until then, of those that still live. */
  readonly readyCpuMicros: number;
  readonly memoryStarted: readonly ProcessMemory[];
  readonly memoryLoaded: readonly ProcessMemory[];
  readonly operations: readonly OperationTimes[];
  readonly fullListing: { readonly ms: number; readonly pages: number; readonly keys: number };
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

export interface KeysResults {
  readonly environment: Environment;
  readonly sizes: readonly SizeResults[];
}

/** An operation that takes so much more processor time with the most keys than with the fewest depends on their number. */
export const GROWTH_ALLOWED = 1.6;

/** Processor time with the most keys over that with the fewest; undefined for a single size. */
export function growthOf(name: string, sizes: readonly SizeResults[]): number | undefined {
  const [fewest, most] = [sizes[0], sizes.at(-1)].map((size) => size?.operations.find((one) => one.name === name));
  return sizes.length < 2 || fewest === undefined || most === undefined ? undefined : most.cpuMicros / fewest.cpuMicros;
}

/** What others take of the machine falls on the product's caches as well: such a run shows growth, and proves none. */
export function isJudged(sizes: readonly SizeResults[]): boolean {
  return !sizes.some(({ disturbance }) => isDisturbed(disturbance));
}

export function growing(sizes: readonly SizeResults[]): readonly string[] {
  const names = sizes[0]?.operations.map(({ name }) => name) ?? [];
  return names.filter((name) => (growthOf(name, sizes) ?? 1) > GROWTH_ALLOWED);
}
