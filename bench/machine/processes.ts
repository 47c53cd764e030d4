// What /proc says of processes: who descends from whom, the processor time they took, the memory they hold. Linux only.
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: fixed at 100 in the Linux user interface. */
const TICK_MICROS = 10_000;

export interface ProcessTimes {
  readonly parent: number;
  /** Own time, and with that of children that ended and were waited for. */
  readonly ownMicros: number;
  readonly withEndedMicros: number;
}

/** Undefined when the process has gone. */
export function processTimes(pid: number): ProcessTimes | undefined {
  const stat = readProc(`${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (index: number): number => Number(fields[index] ?? 0) * TICK_MICROS;
  const ownMicros = ticks(11) + ticks(12);
  return { parent: Number(fields[1]), ownMicros, withEndedMicros: ownMicros + ticks(13) + ticks(14) };
}

/** This process and all below it. */
export function familyOf(root: number): ReadonlyMap<number, ProcessTimes> {
  const all = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const times = processTimes(Number(name));
    if (times !== undefined) all.set(Number(name), times);
  }
  const family = new Map<number, ProcessTimes>();
  const add = (pid: number): void => {
    const times = all.get(pid);
    if (times === undefined || family.has(pid)) return;
    family.set(pid, times);
    for (const [child, { parent }] of all) if (parent === pid) add(child);
  };
  add(root);
  return family;
}

export interface Memory {
  /** Proportional set: pages shared with other processes count in part, so that sums make sense. */
  readonly pssKiB: number | undefined;
  readonly rssKiB: number;
}

/** Undefined when the process has gone. `pssKiB` is undefined where the kernel keeps it from us. */
export function memoryOf(pid: number): Memory | undefined {
  const rss = kib(readProc(`${pid}/status`), 'VmRSS');
  return rss === undefined ? undefined : { rssKiB: rss, pssKiB: kib(readProc(`${pid}/smaps_rollup`), 'Pss') };
}

function kib(text: string | undefined, field: string): number | undefined {
  const found = text?.match(new RegExp(`^${field}:\\s+([0-9]+) kB$`, 'm'))?.[1];
  return found === undefined ? undefined : Number(found);
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined; // gone, or not ours to read
  }
}
