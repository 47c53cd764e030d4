// What it takes to make one audit entry durable when there is nothing else to do: a write into a file that has its length
// already, and fdatasync, as the recorder does them.
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Histogram } from '../load/histogram.ts';

/** About what a frame of one entry is. */
const ENTRY = Buffer.alloc(1024, 7);
const TIMES = 200;

/** @param folder on the disk that the product writes to */
export function durableWrites(folder: string): Histogram {
  const latencies = new Histogram();
  const fd = openSync(join(folder, 'durable-writes'), 'w');
  try {
    writeSync(fd, Buffer.alloc(ENTRY.length * TIMES));
    fsyncSync(fd);
    for (let index = 0; index < TIMES; index += 1) {
      const begin = performance.now();
      writeSync(fd, ENTRY, 0, ENTRY.length, index * ENTRY.length);
      fdatasyncSync(fd);
      latencies.record((performance.now() - begin) * 1000);
    }
  } finally {
    closeSync(fd);
  }
  return latencies;
}
