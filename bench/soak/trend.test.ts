import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { trendOf } from './trend.ts';

const tolerance = { share: 0.05, absolute: 8 };
const samples = (value: (index: number) => number): number[] => Array.from({ length: 60 }, (_, index) => value(index));

test('a steady leak is growth, however the samples move about it', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 60, maxLength: 60 }), (noise) => {
      const { grows, rise } = trendOf(
        samples((index) => 100 + index + (noise[index] ?? 0)),
        tolerance,
      );
      assert.ok(grows && rise > 30 && rise < 48, `${rise}`);
    }),
  );
});

test('what moves about a level is no growth', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 60, maxLength: 60 }), (noise) => {
      assert.equal(
        trendOf(
          samples((index) => 100 + (noise[index] ?? 0)),
          tolerance,
        ).grows,
        false,
      );
    }),
  );
});

test('what fills at the beginning and stays, or falls, is no growth', () => {
  assert.equal(
    trendOf(
      samples((index) => Math.min(100 + 10 * index, 300)),
      tolerance,
    ).grows,
    false,
  );
  assert.equal(
    trendOf(
      samples((index) => 300 - index),
      tolerance,
    ).grows,
    false,
  );
});

test('steady growth within the tolerance is none; a step in noise that covers it is none', () => {
  assert.equal(
    trendOf(
      samples((index) => 100 + index * 0.1),
      tolerance,
    ).grows,
    false,
  );
  assert.equal(
    trendOf(
      samples((index) => (index % 2 === 0 ? 50 : 150) + index * 0.3),
      tolerance,
    ).grows,
    false,
  );
});

test('a count that never changes has no trend, and one that rises by one each time has', () => {
  const descriptors = { share: 0, absolute: 2 };
  assert.deepEqual(
    trendOf(
      samples(() => 70),
      descriptors,
    ),
    { level: 70, rise: 0, noise: 0, grows: false },
  );
  assert.equal(
    trendOf(
      samples((index) => 70 + index),
      descriptors,
    ).grows,
    true,
  );
});

test('too few samples are refused', () => {
  assert.throws(() => trendOf([1, 2, 3, 4], tolerance), RangeError);
});
