// Ticks of the processors that a process took, and of them those of processes that it has waited for. Of Linux.
import { readFileSync } from 'node:fs';

export interface Ticks {
  readonly own: number;
  readonly children: number;
}

export function ticksOf(pid: number): Ticks {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; after it, the 12th to the 15th are user and system time of both.
  const [user = 0, system = 0, userOfChildren = 0, systemOfChildren = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return { own: user + system, children: userOfChildren + systemOfChildren };
}
