import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { TILE_WIDTH } from '../../../formats/tlog-tiles.ts';
import { TABLES } from './index-file.ts';
import { SegmentReader, SegmentWriter } from './segment.ts';

/** One full segment, and some bundles. */
const BUNDLES = 300;

test('what is said of each bundle is the same in a segment of its own and in a full one, and each id is found', () => {
  using db = new DatabaseSync(':memory:');
  db.exec(TABLES);
  const writer = new SegmentWriter(db);
  const any = fc.sample(fc.array(fc.nat(70_000), { minLength: TILE_WIDTH, maxLength: TILE_WIDTH }), {
    numRuns: 20,
    seed: 3,
  });
  const bundleOf = (block: number) => ({
    sum: block * 7,
    first: block % 5 === 0 ? Number.NaN : block,
    last: block % 5 === 0 ? Number.NaN : block + 3,
  });
  const kindsOf = (block: number): Uint32Array => Uint32Array.from(any[block % any.length] ?? [], (n) => n + block);
  const idsOf = (block: number): string[] => [`only-${block}`, `with-next-${Math.floor(block / 2)}`, 'in-all'];
  for (let block = 0; block < BUNDLES; block++) writer.add(block, bundleOf(block), kindsOf(block), idsOf(block));
  const reader = new SegmentReader(db);
  const having = (id: string): number[] => {
    const found: number[] = [];
    for (let at = 0; at < BUNDLES; ) {
      const segment = reader.of(at);
      found.push(...reader.having(segment, id));
      at = segment.first + segment.width;
    }
    return found;
  };
  for (let block = 0; block < BUNDLES; block++) {
    const segment = reader.of(block);
    assert.deepEqual([segment.first, segment.width], block < 256 ? [0, 256] : [block, 1]);
    assert.deepEqual(segment.bundle(block), bundleOf(block));
    const kinds = segment.kinds();
    assert.equal(new Set(kinds).size, kinds.length);
    const start = (block - segment.first) * TILE_WIDTH;
    const entries = segment.entries().subarray(start, start + TILE_WIDTH);
    assert.deepEqual(
      Uint32Array.from(entries, (kind) => kinds[kind] ?? 0),
      kindsOf(block),
    );
    assert.deepEqual(having(`only-${block}`), [block]);
  }
  assert.deepEqual(having('with-next-128'), [256, 257]);
  assert.deepEqual(having('in-all').length, BUNDLES);
  assert.deepEqual(having('in-none'), []);
  assert.throws(() => reader.of(BUNDLES), /a part of it is missing/);
});
