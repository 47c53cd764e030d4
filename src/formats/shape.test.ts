import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { guid, integer, list, mapOf, oneOf, record, ShapeError, text } from './shape.ts';

const read = record(
  { name: text, size: integer(1, 9) },
  { tags: mapOf(text), kind: oneOf('a', 'b'), ids: list(guid, 2) },
);

test('a document of the right shape comes back as it was', () => {
  const document = { name: 'n', size: 3, tags: { x: 'y' }, kind: 'a', ids: ['0f0f0f0f-0000-4000-8000-000000000001'] };
  assert.deepEqual(JSON.parse(JSON.stringify(read(document, 'it'))), document);
});

test('what is wrong is named by its path', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^it must be an object$/],
    [[], /^it must be an object$/],
    [{ size: 1 }, /^it\.name is missing$/],
    [{ name: 1, size: 1 }, /^it\.name must be a string$/],
    [{ name: '', size: 10 }, /^it\.size must be an integer from 1 to 9$/],
    [{ name: '', size: 1.5 }, /^it\.size must be an integer/],
    [{ name: '', size: 1, more: 1 }, /^it has the unknown member "more"$/],
    [{ name: '', size: 1, tags: { a: 1 } }, /^it\.tags\.a must be a string$/],
    [{ name: '', size: 1, kind: 'c' }, /^it\.kind must be one of: a, b$/],
    [{ name: '', size: 1, kind: null }, /^it\.kind must be one of: a, b$/],
    [{ name: '', size: 1, ids: ['x'] }, /^it\.ids\[0\] must be a GUID$/],
    [{ name: '', size: 1, ids: ['', '', ''] }, /^it\.ids has more than 2 items$/],
  ];
  for (const [document, message] of cases) {
    assert.throws(
      () => read(document, 'it'),
      (error) => error instanceof ShapeError && message.test(error.message),
    );
  }
});

test('any JSON value is either read or refused with a ShapeError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        read(value, 'it');
      } catch (error) {
        assert.ok(error instanceof ShapeError);
      }
    }),
  );
});

test('names of a map mean nothing to the language', () => {
  const map = mapOf(text)(JSON.parse('{"__proto__":"x","constructor":"y"}'), 'it');
  assert.deepEqual(Object.keys(map), ['__proto__', 'constructor']);
  assert.equal(map.toString, undefined);
});
