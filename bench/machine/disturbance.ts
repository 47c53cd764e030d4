// Says how much of the machine others took while something was measured: busy time of all cores less that of the
// benchmark's own processes, and what the hypervisor gave to its other guests.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { familyOf } from './processes.ts';

/** Above this share of all cores a row is flagged. */
export const DISTURBED = 0.05;

/** Shares of all cores, 0 to 1: what other programs took, and other guests of the hypervisor. */
export interface Disturbance {
  readonly foreign: number;
  readonly stolen: number;
}

export const UNDISTURBED: Disturbance = { foreign: 0, stolen: 0 };

export interface Watch {
  /** Since the watch began. */
  end(): Disturbance;
}

interface Reading {
  readonly at: number;
  readonly busyMicros: number;
  readonly stolenMicros: number;
  readonly ownMicros: number;
}

export function watchDisturbance(): Watch {
  const start = read();
  return {
    end() {
      const now = read();
      const capacity = Math.max(1, (now.at - start.at) * 1000 * availableParallelism());
      const foreign = now.busyMicros - start.busyMicros - (now.ownMicros - start.ownMicros);
      return {
        foreign: Math.max(0, foreign / capacity),
        stolen: (now.stolenMicros - start.stolenMicros) / capacity,
      };
    },
  };
}

export function isDisturbed(seen: Disturbance): boolean {
  return seen.foreign + seen.stolen > DISTURBED;
}

/** Of phases that took the same time. */
export function meanDisturbance(phases: readonly Disturbance[]): Disturbance {
  const mean = (of: (phase: Disturbance) => number): number =>
    phases.reduce((sum, phase) => sum + of(phase), 0) / phases.length;
  return { foreign: mean(({ foreign }) => foreign), stolen: mean(({ stolen }) => stolen) };
}

function read(): Reading {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const ticks = line.trim().split(/\s+/).slice(1).map(Number);
  const at = (index: number): number => (ticks[index] ?? 0) * 10_000;
  // user nice system idle iowait irq softirq steal; guest time is within user time.
  const busyMicros = at(0) + at(1) + at(2) + at(5) + at(6);
  let ownMicros = 0;
  for (const times of familyOf(process.pid).values()) ownMicros += times.withEndedMicros;
  return { at: performance.now(), busyMicros, stolenMicros: at(7), ownMicros };
}
