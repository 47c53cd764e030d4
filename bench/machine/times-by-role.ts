// Processor time of the product's processes, summed by role: both partitions of the module are `module`.
import { processTimes } from './processes.ts';

type Times = Readonly<Record<string, number>>;

/** Microseconds so far; NaN when a process of the role has gone. */
export function timesByRole(processes: readonly { readonly role: string; readonly pid: number }[]): Times {
  const times: Record<string, number> = {};
  for (const { role, pid } of processes) {
    const kind = role.replace(/[.:][0-9]+$/, '');
    times[kind] = (times[kind] ?? 0) + (processTimes(pid)?.ownMicros ?? Number.NaN);
  }
  return times;
}

/** What was used between the two for each of so many operations. */
export function perOperation(before: Times, after: Times, operations: number): Times {
  return Object.fromEntries(
    Object.entries(after).map(([role, micros]) => [role, (micros - (before[role] ?? Number.NaN)) / operations]),
  );
}

/** Microseconds of all together so far; what has gone is left out. */
export function cpuOfAll(processes: readonly { readonly pid: number }[]): number {
  return processes.reduce((sum, { pid }) => sum + (processTimes(pid)?.ownMicros ?? 0), 0);
}
