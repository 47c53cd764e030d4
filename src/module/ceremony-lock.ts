// One ceremony at a time, over all partitions of all workers: each reads the module's files, decides, and writes them.
// The lock is the operating system's (`flock`), so one that dies in the middle does not keep it. Bound while the program
// loads, like `fsync.ts`.
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
const flock = koffi.load(null).func('int flock(int fd, int operation)');
const EXCLUSIVE = 2;

export class LockError extends Error {
  override readonly name = 'LockError';
}

/** @param work must be done when it returns: nothing waits inside @throws LockError, and what `work` throws */
export function withCeremonyLock<T>(folder: string, work: () => T): T {
  const file = openSync(join(folder, 'ceremony.lock'), 'a', 0o600);
  try {
    if ((flock(file, EXCLUSIVE) as unknown) !== 0) throw new LockError('the lock of the module cannot be had');
    return work();
  } finally {
    // Closing gives it back.
    closeSync(file);
  }
}
