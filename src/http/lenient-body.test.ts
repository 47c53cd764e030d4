import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readBytes, readOptionalBoolean, readOptionalInteger, readOptionalObject, readOptionalText } from './body.ts';
import { isAbsent, toBytes, toFlag, toInteger } from './lenient-body.ts';

test('null and every empty form of an optional member are absent', () => {
  for (const value of [undefined, null, '', [], {}]) {
    assert.equal(isAbsent(value), true, JSON.stringify(value));
    const body = { given: value };
    assert.equal(readOptionalInteger(body, 'given'), undefined);
    assert.equal(readOptionalBoolean(body, 'given'), undefined);
    assert.equal(readOptionalText(body, 'given'), undefined);
    assert.equal(readOptionalObject(body, 'given'), undefined);
  }
  for (const value of [0, false, ' ', [null], { a: null }]) assert.equal(isAbsent(value), false, JSON.stringify(value));
});

test('digits as text are numbers and words are booleans, and nothing else is', () => {
  assert.deepEqual([toInteger('7'), toInteger(7), toInteger('-1'), toInteger('090')], [7, 7, -1, 90]);
  for (const value of ['7.0', '7 ', '0x7', '1e3', '', '99999999999999999999', 7.5, true, null, [7]]) {
    assert.equal(toInteger(value), undefined, JSON.stringify(value));
  }
  assert.deepEqual([toFlag('true'), toFlag('False'), toFlag(true)], [true, false, true]);
  for (const value of ['yes', '1', 1, 0, null]) assert.equal(toFlag(value), undefined, JSON.stringify(value));
  assert.throws(() => readOptionalInteger({ count: 'many' }, 'count'), /'count' must be an integer/);
  assert.throws(() => readOptionalBoolean({ enabled: 'yes' }, 'enabled'), /'enabled' must be true or false/);
});

test('bytes are read from both alphabets, with padding and without', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const expected = Buffer.from(bytes);
      const standard = expected.toString('base64');
      for (const text of [
        expected.toString('base64url'),
        standard,
        standard.replace(/=+$/, ''),
        standard.replaceAll('+', '-').replaceAll('/', '_'),
      ]) {
        assert.deepEqual(toBytes(text), expected);
      }
    }),
  );
});

test('what is no base64 is refused by the name of its member', () => {
  for (const value of [
    'A',
    'AA=',
    'AAA==',
    'AAAA=',
    'AAAA====',
    '=',
    '====',
    'AA==AA==',
    'AA AA',
    'AAA\n',
    'AB',
    'AB==',
    '*',
  ]) {
    assert.throws(() => readBytes({ value }, 'value'), /'value' is not base64url/, value);
  }
});
