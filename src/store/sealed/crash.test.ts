// What is left after processes were killed in the middle of commits, or the disk took no more.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeSqlitePlace } from '../sqlite/sqlite-place.fixture.ts';
import { openSqliteStore } from '../sqlite/sqlite-store.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';

const committer = fileURLToPath(new URL('./in-test-committer.fixture.ts', import.meta.url));

/** Runs a committer and kills it with SIGKILL right after its `acks`th acknowledgement; answers the last one. */
async function killAfter(folder: string, acks: number): Promise<number> {
  const child = spawn(process.execPath, [committer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let last = 0;
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    assert.match(line, /^\d+$/);
    last = Number(line);
    count += 1;
    if (count === acks) child.kill('SIGKILL');
  }
  assert.deepEqual(await exited, [null, 'SIGKILL']);
  return last;
}

/** Opens and verifies everything; answers the counter after checking that each commit is there whole. */
async function checkWhole(folder: string): Promise<number> {
  const records = new Map<string, Buffer>();
  await using store = await openSqliteStore({ folder });
  await using opened = await openRecords({
    store,
    sealer: inTestSealer(Buffer.alloc(32, 1)),
    apply: ({ name, value }) => records.set(name, Buffer.from(value ?? [])),
    newestHeadInLog: 0,
    headSeenByModule: 0,
  });
  const n = Number(records.get('counter')?.toString());
  const expected = ['counter', ...[n - 2, n - 1, n].filter((item) => item > 0).map((item) => `item/${item}`)];
  assert.deepEqual([...records.keys()].toSorted(), expected.toSorted());
  assert.deepEqual(records.get(`item/${n}`)?.at(0), n % 256);
  assert.ok(opened.head.sequence >= n / 3 && opened.head.sequence <= n);
  assert.equal(n % 3, 0);
  return n;
}

describe('sealed records over sqlite, after a crash', () => {
  it('hold every acknowledged commit and no part of another, wherever the process was killed', async () => {
    await using place = await makeSqlitePlace();
    let before = 0;
    for (let round = 0; round < 4; round++) {
      const acknowledged = await killAfter(place.folder, randomInt(1, 20));
      assert.ok(acknowledged > before);
      before = await checkWhole(place.folder);
      assert.ok(before >= acknowledged, `${acknowledged} was acknowledged, ${before} is there`);
    }
  });

  it('count every commit once when two processes raced and one of them was killed', async () => {
    await using place = await makeSqlitePlace();
    const acknowledged = await Promise.all([killAfter(place.folder, 12), killAfter(place.folder, 15)]);
    assert.ok((await checkWhole(place.folder)) >= Math.max(27, ...acknowledged));
  });

  it('say that they are unavailable when a write fails, and hold what was acknowledged before', async () => {
    await using place = await makeSqlitePlace();
    // The limit on file size (blocks of 512 or 1024 bytes) stands for a disk that takes no more.
    const command = `ulimit -f 600 && exec "$0" "$@"`;
    const args = ['-c', command, process.execPath, committer, place.folder, '400', '4000'];
    const child = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) lines.push(line);
    await exited;
    assert.equal(lines.at(-1), 'failed Unavailable');
    assert.ok(lines.length > 5);
    assert.ok((await checkWhole(place.folder)) >= Number(lines.at(-2)));
  });
});
