// Processes by pid, as the system sees them: who descends from whom, and waiting for the end of processes that are not
// our children. Linux's /proc; tests that need it run nowhere else.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

interface ProcessStatus {
  readonly parent: number;
  readonly dead: boolean;
}

/** @returns undefined when there is no such process */
function statusOf(pid: number): ProcessStatus | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, also parentheses.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(parent), dead: state === 'Z' || state === 'X' };
  } catch {
    return undefined; // ended
  }
}

/** A process that ended but was not waited for by its parent is not alive. */
export function isAlive(pid: number): boolean {
  return statusOf(pid)?.dead === false;
}

export function parentOf(pid: number): number | undefined {
  return statusOf(pid)?.parent;
}

/** The process and everything that descends from it, parents first. */
export function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const status = Number.isInteger(pid) ? statusOf(pid) : undefined;
    if (status?.dead === false) parents.set(pid, status.parent);
  }
  const tree = parents.has(root) ? [root] : [];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

/** Kills them in this order, without a chance to react, and waits until none is left. */
export async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  // The system tells nobody but the parent of a process of its end.
  while (pids.some(isAlive)) await delay(5);
}
