// An index as bytes of a disk.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';

/** @returns how long it takes to read a file from end to end: the least of three times, milliseconds */
export function rawReading(path: string): number {
  const bytes = Buffer.alloc(1024 * 1024);
  const times = [0, 1, 2].map(() => {
    const start = performance.now();
    const descriptor = openSync(path, 'r');
    while (readSync(descriptor, bytes) > 0);
    closeSync(descriptor);
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** `dd` of the GNU core utilities asks the kernel to forget a file's pages. @returns whether it did */
export function dropFromCache(path: string): boolean {
  return (
    spawnSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' })
      .status === 0
  );
}
