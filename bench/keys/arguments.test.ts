import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../arguments.ts';
import { readKeysArguments } from './arguments.ts';

test('three sizes by default, others when asked for', () => {
  assert.deepEqual(readKeysArguments([]), { sizes: [1000, 10_000, 100_000], json: undefined });
  assert.deepEqual(readKeysArguments(['--sizes', '100,5000', '--json', 'f']), { sizes: [100, 5000], json: 'f' });
});

for (const sizes of ['', '99', '1000,', '1000,1000', '2000,1000', '1e3', '-5', '1000000']) {
  test(`refuses sizes "${sizes}"`, () => {
    assert.throws(() => readKeysArguments([`--sizes=${sizes}`]), UsageError);
  });
}

test('refuses what it does not know', () => {
  assert.throws(() => readKeysArguments(['es256']), UsageError);
  assert.throws(() => readKeysArguments(['--seconds', '5']), UsageError);
});
