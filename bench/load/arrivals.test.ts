import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arrivals, ClosedLoop } from './arrivals.ts';

test('whenever is looked, as many were due as the rate says, in order, and none before its time', () => {
  const looks = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(looks, (gaps) => {
      const arrivals = new Arrivals(1000, 500); // one every 2 ms
      let now = 1000;
      const taken: number[] = [];
      for (const gap of gaps) {
        now += gap;
        assert.equal(arrivals.behind(now), Math.floor((now - 1000) / 2) + 1 - taken.length);
        for (let due = arrivals.take(now); due !== undefined; due = arrivals.take(now)) taken.push(due);
        assert.equal(arrivals.behind(now), 0);
      }
      assert.deepEqual(
        taken,
        Array.from({ length: Math.floor((now - 1000) / 2) + 1 }, (_, index) => 1000 + index * 2),
      );
    }),
  );
});

test('a request that had to wait was due when it was due, not when it was sent', () => {
  const arrivals = new Arrivals(0, 1000);
  assert.equal(arrivals.take(0), 0);
  assert.equal(arrivals.take(0.5), undefined);
  assert.equal(arrivals.take(700), 1);
});

test('in a closed loop one is due at once, up to so many, and again with each that is settled', () => {
  const two = new ClosedLoop(2);
  assert.deepEqual([two.take(17), two.take(17), two.take(18)], [17, 17, undefined]);
  two.settled();
  assert.deepEqual([two.take(19), two.take(19)], [19, undefined]);
});
