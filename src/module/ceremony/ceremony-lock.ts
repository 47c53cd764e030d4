// One ceremony at a time, over all processes of all workers: each reads the module's files, decides, and writes them. The
// lock is the operating system's, so one that dies in the middle does not keep it.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { lockExclusively } from '../native.ts';

/** @param work must be done when it returns: nothing waits inside @throws NativeError, and what `work` throws */
export function withCeremonyLock<T>(folder: string, work: () => T): T {
  const file = openSync(join(folder, 'ceremony.lock'), 'a', 0o600);
  try {
    lockExclusively(file);
    return work();
  } finally {
    // Closing gives it back.
    closeSync(file);
  }
}
