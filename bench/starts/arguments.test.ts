import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from '../arguments.ts';
import { readStartsArguments } from './arguments.ts';

test('rounds are a whole number, and what is measured beside is another checkout', () => {
  assert.deepEqual(readStartsArguments([]), { rounds: 5, beside: undefined, json: undefined });
  const checkout = join(import.meta.dirname, '..', '..');
  assert.deepEqual(readStartsArguments(['--rounds', '1', '--json', 'f', '--beside', join(checkout, 'bench', '..')]), {
    rounds: 1,
    beside: checkout,
    json: 'f',
  });
  for (const words of [
    ['--rounds', '0'],
    ['--rounds', '1.5'],
    ['--round', '1'],
    ['twice'],
    ['--beside', import.meta.dirname],
  ]) {
    assert.throws(() => readStartsArguments(words), UsageError, words.join(' '));
  }
});
