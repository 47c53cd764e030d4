import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram, type HistogramRecord } from './histogram.ts';

const values = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 200 });
const fraction = fc.double({ min: 0.001, max: 1, noNaN: true });

test('a quantile is never below the exact one and less than one percent above it', () => {
  fc.assert(
    fc.property(values, fraction, (recorded, wanted) => {
      const histogram = new Histogram();
      for (const value of recorded) histogram.record(value);
      const sorted = recorded.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(wanted * sorted.length)) - 1] ?? Number.NaN;
      const answered = histogram.quantile(wanted);
      assert.ok(answered >= exact && answered <= exact * 1.01, `${answered} for ${exact}`);
    }),
  );
});

test('values below 256 µs are kept exactly', () => {
  for (let value = 0; value < 256; value += 1) {
    const histogram = new Histogram();
    histogram.record(value);
    assert.equal(histogram.quantile(1), value);
  }
});

test('a histogram sent to another process says the same there', () => {
  fc.assert(
    fc.property(values, fraction, (recorded, wanted) => {
      const histogram = new Histogram();
      for (const value of recorded) histogram.record(value);
      const copy = Histogram.from(JSON.parse(JSON.stringify(histogram.toRecord())) as HistogramRecord);
      assert.equal(copy.count, recorded.length);
      assert.equal(copy.quantile(wanted), histogram.quantile(wanted));
    }),
  );
});

test('histograms put together say what one of all the values says', () => {
  fc.assert(
    fc.property(values, values, fraction, (some, others, wanted) => {
      const [first, second, all] = [new Histogram(), new Histogram(), new Histogram()];
      for (const value of some) first.record(value);
      for (const value of others) second.record(value);
      for (const value of [...some, ...others]) all.record(value);
      const together = Histogram.from(first.toRecord(), second.toRecord());
      assert.deepEqual([together.count, together.quantile(wanted)], [all.count, all.quantile(wanted)]);
    }),
  );
});

test('an empty histogram has no quantiles, and a bucket that does not exist is refused', () => {
  assert.ok(Number.isNaN(new Histogram().quantile(0.5)));
  assert.throws(() => Histogram.from([[1e6, 1]]), RangeError);
});

test('values out of range count at the ends', () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(1e15);
  assert.equal(histogram.quantile(0.5), 0);
  assert.equal(histogram.quantile(1), 2 ** 32 - 1);
});
