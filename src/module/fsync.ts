// POSIX fsync. Node's permission model refuses its own fsync even for files that it permits, and without it neither a
// file's content nor its name is sure to survive a power cut. Bound while the program loads, like libcrypto.
import { createRequire } from 'node:module';

const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
const native = koffi.load(null).func('int fsync(int fd)');

export class FsyncError extends Error {
  override readonly name = 'FsyncError';
}

/** @param fd an open file or folder */
export function fsync(fd: number): void {
  check(native(fd));
}

/** The same on a thread of the pool. */
export async function fsyncLater(fd: number): Promise<void> {
  check(
    await new Promise<unknown>((resolve, reject) => {
      native.async(fd, (error: unknown, result: unknown) => (error ? reject(error as Error) : resolve(result)));
    }),
  );
}

function check(result: unknown): void {
  if (result !== 0) throw new FsyncError('the disk did not take it');
}
