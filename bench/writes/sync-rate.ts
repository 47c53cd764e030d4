// How often the disk makes a page durable: one page after the other is written over in a file that has its size already, each
// followed by fdatasync. It is what the journal of the log does, and the least that any commit does.
import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = 4096;
const PAGES = 1024;

/** Per second. @param folder on the disk of the product's data */
export function syncRate(folder: string, seconds: number): number {
  const path = join(folder, 'sync-rate');
  const file = openSync(path, 'wx', 0o600);
  try {
    const page = Buffer.alloc(PAGE, 1);
    for (let at = 0; at < PAGES; at += 1) writeSync(file, page, 0, PAGE, at * PAGE);
    fsyncSync(file);
    const begin = performance.now();
    let count = 0;
    for (; performance.now() - begin < seconds * 1000; count += 1) {
      writeSync(file, page, 0, PAGE, (count % PAGES) * PAGE);
      fdatasyncSync(file);
    }
    return (count * 1000) / (performance.now() - begin);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
