// Tells the workers of an instance apart, and whether one that a record names is still there. All of them are processes of
// one host: a process is its id, when it was started, and the boot in which that was.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { WorkerIds } from '../features/backup/jobs/job-engine.ts';

/** The workers that run in this very process: one, or several in tests. */
const here = new Set<string>();

/** Its own mark counts as alive until it is disposed. */
export function openWorkerIds(): WorkerIds & Disposable {
  const process_ = processMark(process.pid) ?? `${process.pid}`;
  const own = `${process_}/${randomUUID()}`;
  here.add(own);
  return {
    own,
    isAlive(mark) {
      const [of = '', worker] = mark.split('/', 2);
      if (worker === undefined) return false;
      if (of === process_) return here.has(mark);
      const pid = Number(of.split(':', 1)[0]);
      return Number.isInteger(pid) && pid > 0 && processMark(pid) === of;
    },
    [Symbol.dispose]: () => void here.delete(own),
  };
}

/** `pid:start:boot`; undefined when there is no such process. */
function processMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program is in brackets and may hold anything; what counts comes after it. Field 22 is the start.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${pid}:${start}:${boot}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH') {
      return undefined;
    }
    throw error;
  }
}
