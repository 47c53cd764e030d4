import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments, UsageError } from './arguments.ts';

const known = ['rs256', 'es256', 'keyget'];

test('without arguments everything is measured for five seconds over 64 connections', () => {
  assert.deepEqual(readArguments([], known), {
    names: known,
    seconds: 5,
    connections: 64,
    json: undefined,
    profile: undefined,
    record: false,
  });
});

test('operations may be named one by one and by --only, and keep their order', () => {
  const options = readArguments(['keyget', '--only', 'es256,rs256', '--seconds', '0.5', '--json', 'f'], known);
  assert.deepEqual([options.names, options.seconds, options.json], [known, 0.5, 'f']);
});

for (const words of [
  ['rs512'],
  ['--only', 'rs256,'],
  ['--seconds', '0'],
  ['--seconds', '1e3'],
  ['--seconds', '-1'],
  ['--connections', '1.5'],
  ['--connections', '2000'],
  ['--fast'],
  ['--json'],
  ['--json', '--record'],
  ['--record=yes'],
  ['-x'],
  ['rs256', '--record'],
  ['--profile', 'f', '--record'],
]) {
  test(`refuses ${words.join(' ')}`, () => {
    assert.throws(
      () => readArguments(words, known),
      (error) => error instanceof UsageError && /^[^\n]+$/.test(error.message),
    );
  });
}
