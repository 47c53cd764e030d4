import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeDay } from './volume.ts';

const DAY = 20_000;
/** Of the days before, newest first, and of the day. */
const counts = (before: readonly number[], count: number): ReadonlyMap<number, number> =>
  new Map([[DAY, count], ...before.map((each, i) => [DAY - 1 - i, each] as const)]);
const judge = (before: readonly number[], count: number, today = DAY + 1) =>
  judgeDay(counts(before, count), DAY, DAY - before.length, today);

test('days that vary a little are usual, ten times as many is high, a tenth is low once the day is over', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 400, max: 100_000 }),
      fc.array(fc.double({ min: -0.04, max: 0.04, noNaN: true }), { minLength: 14, maxLength: 70 }),
      (base, noise) => {
        const before = noise.map((each) => Math.round(base * (1 + each)));
        assert.equal(judge(before, base).verdict, 'usual');
        assert.equal(judge(before, base * 10).verdict, 'high');
        assert.equal(judge(before, Math.round(base / 10)).verdict, 'low');
        assert.equal(judge(before, 0, DAY).verdict, 'usual', 'today is not over');
        assert.equal(judge(before, base * 10, DAY).verdict, 'high');
      },
    ),
  );
});

test('whatever happened on a few of the days before, it neither hides what is unusual nor makes it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 400, max: 10_000 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 55 }), { maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 3, maxLength: 3 }),
      (base, where, what) => {
        const before = Array.from({ length: 56 }, (_, i) => (where.includes(i) ? (what[where.indexOf(i)] ?? 0) : base));
        assert.equal(judge(before, base).verdict, 'usual');
        assert.equal(judge(before, base * 10).verdict, 'high');
      },
    ),
  );
});

test('a day is held against its own weekday, and a sentence says what with and what came out', () => {
  // Busy on weekdays alone: DAY is of the kind of DAY - 7.
  const before = Array.from({ length: 56 }, (_, i) => ((i + 1) % 7 === 0 ? 10 : 1_000));
  assert.equal(judge(before, 12).verdict, 'usual');
  const found = judge(before, 1_000);
  assert.equal(found.verdict, 'high');
  assert.equal(
    found.because,
    '1000 calls; 10 is the median of the 8 Fridays before it, 0 to 25 is within what they vary by, 100.0 times as many',
  );
  assert.equal(new Date(DAY * 86_400_000).getUTCDay(), 5);
});

test('too little to go by is said, and nothing is called unusual', () => {
  assert.deepEqual(judge([5, 5, 5], 1_000).verdict, 'not known');
  assert.match(judge([5, 5, 5], 1_000).because, /there are 3 days before it, 7 are needed/);
  assert.equal(judge([0, 0, 0, 0, 0, 0, 0], 4).verdict, 'usual');
});
