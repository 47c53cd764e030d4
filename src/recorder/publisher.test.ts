import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TILE_WIDTH, tilePath } from '../formats/tlog-tiles.ts';
import { type Disk, realDisk } from './disk.ts';
import { Publisher } from './publisher.ts';

const HASH = 32;
const partial = (width: number) => ({ path: tilePath(0, 0, width), bytes: Buffer.alloc(width * HASH, width) });

test('a checkpoint whose tile fills and is flushed meanwhile is put in place', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-publisher-'));
  t.after(() => rmSync(folder, { recursive: true }));
  let held: Promise<void> | undefined;
  // Nothing but what is held takes longer than a turn of the loop.
  const disk: Disk = {
    ...realDisk,
    sync: async () => await held,
    remove: async (path) => rmSync(path, { recursive: true, force: true }),
  };
  const publisher = new Publisher(disk, folder);
  await publisher.checkpoint('first', [partial(5)]);

  const sync = Promise.withResolvers<void>();
  held = sync.promise;
  const second = publisher.checkpoint('second', [partial(9)]);
  await turn();
  held = undefined;
  publisher.add(0, 0, Buffer.alloc(TILE_WIDTH * HASH, 1));
  const flushed = publisher.flush();
  await turn();
  sync.resolve();
  await Promise.all([second, flushed]);
  assert.equal(readFileSync(join(folder, 'checkpoint'), 'utf8'), 'second');
  assert.equal(readFileSync(join(folder, tilePath(0, 0))).length, TILE_WIDTH * HASH);
  assert.equal(existsSync(join(folder, `${tilePath(0, 0)}.p`)), false, 'what the tile has outgrown is gone');
});
