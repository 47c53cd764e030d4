// Loaded before a test file: when its process ends, it tells what it and all it has waited for took of the processors.
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { ticksOf } from './ticks.ts';

const { STRONGROOM_TEST_TIMES: path, STRONGROOM_TEST_RUNNER: runner } = process.env;
// A process that a test forks, or a thread, has this in its arguments too; its time is its parent's already.
if (isMainThread && path !== undefined && String(process.ppid) === runner) {
  process.on('exit', () => {
    appendFileSync(path, `${JSON.stringify({ file: process.argv[1], ...ticksOf(process.pid) })}\n`);
  });
}
