// One supervisor per data directory. The pid beside the lock is for people only.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from './file-lock.ts';

/** @returns undefined when another process holds it */
export function takeDataLock(root: string): Disposable | undefined {
  const lock = lockFile(lockOf(root));
  if (lock === undefined) return undefined;
  const pidFile = pidFileOf(root);
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      rmSync(pidFile, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

/** Pid of the supervisor that holds the directory; undefined when none does. */
export function lockHolder(root: string): number | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFileOf(root), 'utf8'));
  } catch {
    return undefined; // never started here, or stopped in order
  }
  using lock = lockFile(lockOf(root));
  return lock === undefined ? pid : undefined;
}

function pidFileOf(root: string): string {
  return join(root, 'supervisor.pid');
}

function lockOf(root: string): string {
  return join(root, 'lock');
}
