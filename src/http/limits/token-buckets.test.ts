import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { TokenBuckets } from './token-buckets.ts';

it('gives a burst, then a steady rate, and says when to come again', () => {
  let now = 0;
  const buckets = new TokenBuckets({ burst: 3, perSecond: 0.5 }, () => now);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => buckets.take('a')),
    [0, 0, 0, 2],
  );
  now = 1;
  assert.equal(buckets.take('a'), 1);
  now = 2;
  assert.equal(buckets.take('a'), 0);
  assert.equal(buckets.take('b'), 0, 'another name has a bucket of its own');
});

it('for all arrivals: never more in a span than its burst and its rate allow', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 60 }), (gaps) => {
      let now = 0;
      const buckets = new TokenBuckets({ burst: 4, perSecond: 2 }, () => now);
      let taken = 0;
      for (const gap of gaps) {
        now += gap;
        if (buckets.take('a') === 0) taken += 1;
        assert.ok(taken <= 4 + now * 2 + 1e-6);
      }
    }),
  );
});

it('takes back what was not used, and never more than it gave', () => {
  const buckets = new TokenBuckets({ burst: 2, perSecond: 1 }, () => 0);
  buckets.giveBack('nobody');
  buckets.take('a');
  buckets.giveBack('a');
  buckets.giveBack('a');
  assert.deepEqual(
    [1, 2, 3].map(() => buckets.take('a')),
    [0, 0, 1],
  );
  assert.equal(buckets.count, 1);
});

it('keeps no bucket that is full again, and a bounded number of others', () => {
  let now = 0;
  const buckets = new TokenBuckets({ burst: 10, perSecond: 1 }, () => now);
  for (let n = 0; n < 20_000; n++) buckets.take(`${n}`);
  assert.equal(buckets.count, 20_000);
  assert.deepEqual(
    Array.from({ length: 11 }, (_, n) => buckets.take(`more ${n}`)),
    [...Array.from({ length: 10 }, () => 0), 1],
    'further names share one bucket',
  );
  for (let n = 0; n < 9; n++) assert.equal(buckets.take('0'), 0);
  assert.equal(buckets.take('0'), 1, 'nobody’s bucket is given up for them');
  assert.equal(buckets.count, 20_000);
  now = 60;
  buckets.take('new');
  assert.equal(buckets.count, 1);
});
