import assert from 'node:assert/strict';
import { test } from 'node:test';
import { having } from './having.ts';
import { integer, ShapeError, text } from './shape.ts';

test('of an answer only what is looked at is read, and the rest of it stays', () => {
  const read = having({ name: text }, { size: integer(0, 9) });
  assert.deepEqual(read({ later: [1], name: 'a' }, 'answer'), { later: [1], name: 'a' });
  assert.throws(() => read({ later: 1 }, 'answer'), { name: 'ShapeError', message: 'answer.name is missing' });
  assert.throws(() => read({ name: 'a', size: null }, 'answer'), ShapeError);
  assert.throws(() => read([], 'answer'), { name: 'ShapeError', message: 'answer must be an object' });
});
