import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inPairs, middleOf } from './pairs.ts';

test('the sides have their turns alternately first, and a ratio is of the same pair', async () => {
  const turns: string[] = [];
  /** The machine is twice as fast with each pair. */
  const side = (name: string, own: number) => async (): Promise<number> => {
    turns.push(name);
    return own * 2 ** Math.floor((turns.length - 1) / 2);
  };
  const { pairs, ratio } = await inPairs(4, side('a', 100), side('b', 50));
  assert.equal(turns.join(''), 'abbaabba');
  assert.deepEqual(
    pairs.map(({ first, second }) => second / first),
    [0.5, 0.5, 0.5, 0.5],
  );
  assert.equal(ratio, 0.5);
});

test('the interval holds the median, narrows with their number, and a few outliers do not move it', () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, at) => (at + 1) / count);
  const [few, many] = [middleOf(values(10)), middleOf(values(1000))];
  assert.ok(few.low < few.ratio && few.ratio < few.high);
  assert.ok(many.high - many.low < (few.high - few.low) / 5);
  // Of 100 values the 40th and the 61st: the binomial distribution has 95 % between them.
  assert.deepEqual(middleOf(values(100)), { ratio: 0.505, low: 0.4, high: 0.61 });
  assert.deepEqual(middleOf([...values(97), 9, 9, 9]).high < 1, true);
});

test('of very few it is all there are', () => {
  assert.deepEqual(middleOf([3, 1, 2]), { ratio: 2, low: 1, high: 3 });
});
