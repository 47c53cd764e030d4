import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { consistencyProof, isConsistent } from '../../formats/consistency-proof.ts';
import { leafHash, rootOf } from '../../formats/merkle.ts';
import { tilePath } from '../../formats/tlog-tiles.ts';
import { TileTree } from '../../recorder/tile-tree.ts';
import { rangeRoots, TileMissing } from './tile-ranges.ts';

/** The tiles of a log that has grown to this size, with partial ones as a checkpoint of each of these sizes leaves them. */
function writeTiles(size: number, checkpoints: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tiles-'));
  const put = (path: string, bytes: Uint8Array): void => {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  const tree = new TileTree((level, index, tile) => put(tilePath(level, index), tile));
  const leaves: Buffer[] = [];
  const roots = new Map<number, Buffer>();
  for (let i = 0; i < size; i++) {
    leaves.push(leafHash(Buffer.from(`entry ${i}`)));
    tree.push(leaves[i] as Buffer);
    if (!checkpoints.includes(i + 1)) continue;
    roots.set(i + 1, tree.root());
    for (const { level, index, width, tile } of tree.partialTiles()) put(tilePath(level, index, width), tile);
  }
  return { folder, leaves, roots, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test('for all trees and growths: roots and proofs from tiles are those of the leaves', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 1500 }), fc.nat({ max: 700 }), fc.nat());
  fc.assert(
    fc.property(sizes, ([size, more, at]) => {
      // The recorder may have gone on meanwhile: there are wider tiles then.
      using log = writeTiles(size + more, [size, size + more]);
      const older = at % (size + 1);
      const root = log.roots.get(size) as Buffer;
      const rangeRoot = rangeRoots(log.folder, size);
      assert.deepEqual(rangeRoot(0, size), root);
      assert.deepEqual(rangeRoot(older, size), rootOf(log.leaves, older, size));
      const before = { size: older, root: rootOf(log.leaves, 0, older) };
      assert.ok(isConsistent(before, { size, root }, consistencyProof(older, size, rangeRoot)));
    }),
    { numRuns: 25 },
  );
});

test('of a log of three levels it reads some tiles, and no more', () => {
  using log = writeTiles(66_000, [66_000]);
  const rangeRoot = rangeRoots(log.folder, 66_000);
  assert.deepEqual(rangeRoot(0, 66_000), log.roots.get(66_000));
  for (const older of [1, 255, 256, 257, 65_535, 65_536, 65_537, 65_999]) {
    const before = { size: older, root: rootOf(log.leaves, 0, older) };
    const newer = { size: 66_000, root: rangeRoot(0, 66_000) };
    assert.ok(isConsistent(before, newer, consistencyProof(older, 66_000, rangeRoot)), `${older}`);
  }
  assert.deepEqual(rangeRoots(log.folder, 40_000)(0, 40_000), rootOf(log.leaves, 0, 40_000), 'an older checkpoint');
});

test('a tile that is missing or too short is said to be', () => {
  using log = writeTiles(600, [600]);
  writeFileSync(join(log.folder, tilePath(0, 1)), Buffer.alloc(32));
  assert.throws(() => rangeRoots(log.folder, 600)(256, 300), TileMissing);
  assert.throws(() => rangeRoots(log.folder, 700)(0, 700), TileMissing);
});
