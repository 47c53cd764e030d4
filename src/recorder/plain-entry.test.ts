import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlainEntry } from './plain-entry.ts';

const isPlain = (text: string, head = 0): boolean => isPlainEntry(Buffer.from(text, 'utf8'), head);

test('an entry as we write it is taken', () => {
  const entry = {
    time: '2026-11-25T00:00:00.000Z',
    requestUri: '/ä\u2028\ud800',
    properties: { 7: 1, detail: { a: [null, -0.5] } },
  };
  assert.equal(isPlain(JSON.stringify(entry)), true);
});

test('what some reader would find damaged, or read as something else, is not', () => {
  for (const text of [
    '',
    '[]',
    'null',
    '1',
    '{',
    '\ufeff{}',
    ' {}',
    '{}\n',
    '{"a":1,"a":2}',
    '{"a":1.0}',
    '{"storeHead":{}}',
  ]) {
    assert.equal(isPlain(text), false, JSON.stringify(text));
  }
  assert.equal(isPlain('{}', 1), false, 'a store head beside it');
  assert.equal(isPlainEntry(Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 0), false, 'no UTF-8');
});
