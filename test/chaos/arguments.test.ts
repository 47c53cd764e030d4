import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments, UsageError } from './arguments.ts';

test('a thousand faults of any seed, or what is asked for', () => {
  const usual = readArguments([]);
  assert.ok(usual !== 'help');
  assert.deepEqual([usual.faults, usual.only, Number.isInteger(usual.seed)], [1000, undefined, true]);
  const words = ['--seed', '7', '--faults=50', '--only', 'slow sync,all killed'];
  assert.deepEqual(readArguments(words), { seed: 7, faults: 50, only: ['slow sync', 'all killed'] });
  assert.equal(readArguments(['--faults', '3', '--help']), 'help');
});

for (const words of [
  ['--faults', 'x'],
  ['--faults', '0'],
  ['--faults'],
  ['--seed', '-1'],
  ['--only', 'thunder'],
  ['word'],
  ['-x'],
]) {
  test(`refuses ${words.join(' ')} in one line`, () => {
    assert.throws(
      () => readArguments(words),
      (error) => error instanceof UsageError && /^[^\n]+$/.test(error.message),
    );
  });
}
