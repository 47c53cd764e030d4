import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { killGroup, spawnChild } from './spawn-child.ts';

/** sched(7), as proc_pid_stat(5) has it in its 41st field. */
const POLICIES: Readonly<Record<number, string>> = { 0: 'SCHED_OTHER', 3: 'SCHED_BATCH' };

const UNABLE = spawnSync('chrt', ['-b', '0', 'true']).status === 0 ? false : 'needs chrt: apt-get install util-linux';

test('a child that yields interrupts nobody who wakes it, and another is as usual', { skip: UNABLE }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-yields-'));
  const entry = join(folder, 'entry.mjs');
  writeFileSync(entry, "process.stdout.write('here'); setInterval(() => undefined, 1000);");
  try {
    for (const [options, expected] of [
      [{ yields: true }, 'SCHED_BATCH'],
      [{}, 'SCHED_OTHER'],
    ] as const) {
      const here = Promise.withResolvers<void>();
      const child = spawnChild({ entry, args: [], ...options }, () => here.resolve());
      try {
        await here.promise;
        const stat = readFileSync(`/proc/${child.process.pid}/stat`, 'utf8');
        assert.equal(POLICIES[Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38])], expected);
      } finally {
        killGroup(child.process);
        await child.gone;
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
