// What `npm run bench -- soak` saw, slice by slice, as written to `--json`, and what of it is called growth.
import { isDisturbed } from '../machine/disturbance.ts';
import type { Environment } from '../machine/environment.ts';
import { type Tolerance, type Trend, trendOf } from './trend.ts';

export interface Slice {
  readonly answers: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** In the middle of the slice, by role of the processes. */
  readonly pssMiB: Readonly<Record<string, number>>;
  /** When it is over and nothing is asked: what load holds is let go, what is lost is not. */
  readonly descriptors: Readonly<Record<string, number>>;
  readonly threads: Readonly<Record<string, number>>;
  readonly checked: number;
  readonly wrong: number;
  readonly errors: Readonly<Record<string, number>>;
}

export interface SoakResults {
  readonly environment: Environment;
  readonly minutes: number;
  readonly connections: number;
  readonly slices: readonly Slice[];
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

export interface Judged extends Trend {
  readonly figure: string;
  readonly unit: string;
}

const MEMORY: Tolerance = { share: 0.05, absolute: 8 };
const COUNT: Tolerance = { share: 0, absolute: 2 };
const LATENCY: Tolerance = { share: 0.5, absolute: 2 };

export function judge(slices: readonly Slice[]): readonly Judged[] {
  const of = (figure: string, unit: string, tolerance: Tolerance, value: (slice: Slice) => number): Judged => ({
    figure,
    unit,
    ...trendOf(slices.map(value), tolerance),
  });
  const roles = Object.keys(slices[0]?.pssMiB ?? {});
  const at = (values: Readonly<Record<string, number>>, role: string): number => values[role] ?? Number.NaN;
  return [
    ...roles.map((role) => of(`${role}, memory`, 'MiB', MEMORY, ({ pssMiB }) => at(pssMiB, role))),
    ...roles.map((role) => of(`${role}, descriptors`, '', COUNT, ({ descriptors }) => at(descriptors, role))),
    ...roles.map((role) => of(`${role}, threads`, '', COUNT, ({ threads }) => at(threads, role))),
    of(P99, 'ms', LATENCY, ({ p99Ms }) => p99Ms),
  ];
}

/** In less, heaps are still finding their size. */
export const JUDGED_FROM_MINUTES = 10;
const P99 = 'p99';

/** Figures that grow, of a run that is long enough; latency is not judged where others had the cores. */
export function growing({ minutes, slices, disturbance }: SoakResults): readonly string[] {
  if (minutes < JUDGED_FROM_MINUTES) return [];
  const found = judge(slices).filter(({ figure, grows }) => grows && !(figure === P99 && isDisturbed(disturbance)));
  return found.map(({ figure }) => figure);
}

export function isBroken(slices: readonly Slice[]): boolean {
  return slices.some(({ wrong, errors }) => wrong > 0 || Object.keys(errors).length > 0);
}
