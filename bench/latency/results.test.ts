import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../arguments.ts';
import { median } from '../median.ts';
import { readLatencyArguments } from './arguments.ts';
import { overMicros } from './results.ts';

test('what a lone request takes over its parts is judged within each round, so that a slow second does not count', () => {
  const round = { product: 500, echo: 120, crypto: 20, sync: 200 };
  const slowProduct = { ...round, product: 5000 };
  const allSlow = { product: 1000, echo: 240, crypto: 40, sync: 400 };
  assert.equal(overMicros([round]), 160);
  assert.equal(overMicros([round, slowProduct, round]), 160);
  assert.equal(overMicros([round, allSlow]), 240);
});

test('the median is the middle one, or between the two', () => {
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.ok(Number.isNaN(median([])));
});

test('operations may be chosen from those that are measured; others and short times are refused', () => {
  const known = ['rs256', 'es256', 'a256gcm', 'a256kw', 'keyget'];
  assert.deepEqual(readLatencyArguments([], known).names, ['rs256', 'es256', 'a256gcm', 'keyget']);
  assert.deepEqual(readLatencyArguments(['a256kw', '--seconds', '1'], known), {
    names: ['a256kw'],
    seconds: 1,
    json: undefined,
  });
  for (const words of [['rs512'], ['--seconds', '0.1'], ['--connections', '3']]) {
    assert.throws(() => readLatencyArguments(words, known), UsageError);
  }
});
