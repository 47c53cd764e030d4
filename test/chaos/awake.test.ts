import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awake, stayAwake } from './awake.ts';

test('the time in which nobody could look at the clock does not count', (context) => {
  let now = Math.ceil(performance.now());
  context.mock.method(performance, 'now', () => now);
  const gaps: number[] = [];
  using _ = stayAwake((gap) => gaps.push(gap));
  const begun = awake();
  now += 1_000;
  assert.equal(awake() - begun, 1_000);
  now += 60_000;
  assert.equal(awake() - begun, 1_000);
  now += 500;
  assert.equal(awake() - begun, 1_500);
  assert.deepEqual(gaps, [60_000]);
});
