import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { DATA_PLANE } from './planes.ts';
import { JsonTextError, parseJsonObject, readBody } from './read-body.ts';

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

/** A request whose pieces have all come, as the parser of node gives them. */
function complete(pieces: readonly Uint8Array[]): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers['transfer-encoding'] = 'chunked';
  for (const piece of pieces) request.push(piece);
  request.push(null);
  request.complete = true;
  return request;
}

test('a body that is there already is read whole, however many pieces it came in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40_000, size: 'max' }), { maxLength: 6 }),
      (pieces) => {
        const sent = Buffer.concat(pieces);
        const read = (): unknown => readBody(complete(pieces), 100_000, DATA_PLANE.body, (bytes) => Buffer.from(bytes));
        if (sent.length > 100_000) assert.throws(read, { code: 'RequestBodyTooLarge' });
        else assert.deepEqual(read(), sent);
      },
    ),
    { numRuns: 50 },
  );
});
