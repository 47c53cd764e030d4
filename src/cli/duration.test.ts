import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './command.ts';
import { durationText, readDuration } from './duration.ts';

test('a duration is a whole number and a unit', () => {
  assert.equal(readDuration('30d'), 30 * 86_400);
  assert.equal(readDuration('12h'), 43_200);
  assert.equal(readDuration('90m'), 5400);
  assert.equal(readDuration('45s'), 45);
});

test('everything else is refused with the forms that are taken', () => {
  for (const text of ['', '30', 'd', '0d', '-1d', '1.5d', '1w', '1d2h', ' 1d', '1D', '9999999999d9', '1e3s']) {
    assert.throws(
      () => readDuration(text),
      (error) => error instanceof UsageError && /30d, 12h/.test(error.message),
      text,
    );
  }
});

test('a duration is said in its two greatest units', () => {
  assert.deepEqual([0, 1, 59.9, 60, 1860, 3601, 86_400, 90_000, 8 * 86_400 + 3600 + 5].map(durationText), [
    '0 seconds',
    '1 second',
    '59 seconds',
    '1 minute',
    '31 minutes',
    '1 hour',
    '1 day',
    '1 day 1 hour',
    '8 days 1 hour',
  ]);
});
