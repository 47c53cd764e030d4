import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bundleEntries, parseTilePath, tileHashes, tilePath, tileWidth } from './tlog-tiles.ts';
import { encodeBundle } from './written-log.fixture.ts';

test('paths are those of the specification', () => {
  assert.equal(tilePath(0, 0), 'tile/0/000');
  assert.equal(tilePath(0, 1234067), 'tile/0/x001/x234/067');
  assert.equal(tilePath(1, 273, 17), 'tile/1/273.p/17');
  assert.equal(tilePath('entries', 70000, 112), 'tile/entries/x070/000.p/112');
});

test('for all tiles: a path reads back, and no other spelling of it does', () => {
  const tile = fc.record({
    level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
    index: fc.nat({ max: 2 ** 40 }),
    width: fc.integer({ min: 1, max: 256 }),
  });
  fc.assert(
    fc.property(tile, ({ level, index, width }) => {
      assert.deepEqual(parseTilePath(tilePath(level, index, width)), { level, index, width });
    }),
  );
  for (const wrong of [
    'tile/00/000',
    'tile/0/00',
    'tile/0/x000/001',
    'tile/0/000.p/256',
    'tile/0/000.p/0',
    'tile/0/000/',
    '../tile/0/000',
  ]) {
    assert.equal(parseTilePath(wrong), undefined, wrong);
  }
});

test('widths at the right edge follow from the size', () => {
  assert.equal(tileWidth(70000, 0, 273), 112);
  assert.equal(tileWidth(70000, 1, 1), 17);
  assert.equal(tileWidth(70000, 2, 0), 1);
  assert.equal(tileWidth(70000, 0, 0), 256);
  assert.equal(tileWidth(70000, 3, 0), 0);
});

test('for all entries: a bundle reads back; cut anywhere it reads as fewer', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.nat(), (entries, cut) => {
      const bundle = encodeBundle(entries);
      const read = bundleEntries(bundle);
      assert.equal(read.end, bundle.length);
      assert.deepEqual(
        read.entries.map(({ entry }) => [...entry]),
        entries.map((entry) => [...entry]),
      );
      if (bundle.length > 0)
        assert.ok(bundleEntries(bundle.subarray(0, cut % bundle.length)).entries.length < entries.length);
    }),
  );
  assert.throws(() => encodeBundle([Buffer.alloc(65536)]), RangeError);
  assert.throws(() => tileHashes(Buffer.alloc(63), 2), RangeError);
});
