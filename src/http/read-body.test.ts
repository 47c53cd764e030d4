import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonTextError, parseJsonObject } from './read-body.ts';

const parse = (text: string): unknown => parseJsonObject(Buffer.from(text, 'utf8'));

test('a member that one object has twice is refused by its name, however it is escaped', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"a":1}',
    '{"x":[{"b":{}},{"a":"\\"","b":[],"a":0}]}',
    '{"a":1,"\\u0061":2}',
    '{"a\\\\":1,"a\\\\":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    assert.throws(() => parse(text), /has the member '.*' twice in one object/, text);
  }
  assert.deepEqual(parse('{"a":{"a":["a","a",{"a":1}]},"b":"{\\"a\\":1,\\"a\\":2}"}'), {
    a: { a: ['a', 'a', { a: 1 }] },
    b: '{"a":1,"a":2}',
  });
});

test('whatever has no member twice comes back as it was', () => {
  const value = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.dictionary(fc.string(), fc.string()))));
  fc.assert(
    fc.property(value, (object) => {
      const text = JSON.stringify(object);
      assert.equal(JSON.stringify(parse(text)), text);
    }),
  );
});

test('of a body that is not there it is said that it is empty', () => {
  assert.throws(() => parse(''), { name: 'JsonTextError', message: 'The request body is empty' });
  assert.throws(() => parse(' '), /is not valid JSON in UTF-8/);
});

test('what is no JSON object in UTF-8 is refused', () => {
  for (const bytes of [
    Buffer.from('[]'),
    Buffer.from('null'),
    Buffer.from('{'),
    Buffer.from('{"a":"\xff"}', 'latin1'),
  ]) {
    assert.throws(() => parseJsonObject(bytes), JsonTextError);
  }
});
