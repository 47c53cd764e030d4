import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaleOf } from './scale.ts';

const values = fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 });

for (const kind of ['linear', 'log'] as const) {
  test(`on a ${kind} axis every value lies between the ends, larger ones higher, and ticks are where they say`, () => {
    fc.assert(
      fc.property(values, (all) => {
        const { at, ticks } = scaleOf(all, kind);
        const places = all.toSorted((a, b) => a - b).map(at);
        assert.ok(places.every((place) => place >= -1e-9 && place <= 1 + 1e-9));
        assert.deepEqual(
          places,
          places.toSorted((a, b) => a - b),
        );
        assert.ok(ticks.length >= 2 && ticks.length <= 16, `${ticks.length} ticks`);
        assert.ok(Math.abs(at(ticks[0] ?? Number.NaN)) < 1e-9);
        assert.ok(Math.abs(at(ticks.at(-1) ?? Number.NaN) - 1) < 1e-9);
      }),
    );
  });
}

test('a linear axis begins at nothing, a logarithmic one at a round value', () => {
  assert.deepEqual(scaleOf([310, 470], 'linear').ticks, [0, 100, 200, 300, 400, 500]);
  assert.deepEqual(scaleOf([1.5, 40], 'log').ticks, [1, 2, 5, 10, 20, 50]);
  assert.deepEqual(scaleOf([100, 100_000], 'log').ticks, [100, 1000, 10_000, 100_000]);
  assert.deepEqual(scaleOf([999_999_999.9999979], 'log').ticks, [500_000_000, 1_000_000_000]);
  assert.deepEqual(scaleOf([1000.0000000000001], 'log').ticks, [1000, 2000]);
});

test('what cannot be drawn is refused', () => {
  assert.throws(() => scaleOf([0, 1], 'log'), RangeError);
  assert.throws(() => scaleOf([Number.NaN], 'linear'), RangeError);
  assert.throws(() => scaleOf([], 'linear'), RangeError);
});
