import assert from 'node:assert/strict';
import { test } from 'node:test';
import { list, mapOf, text } from '../formats/shape.ts';
import { choice, flag, integer, members, nothing } from './management-shape.ts';

const read = members(
  { name: text },
  {
    days: integer(7, 90),
    protect: flag,
    mode: choice('Default', 'Recover'),
    acls: members({ action: choice('Allow', 'Deny') }),
    regions: nothing('there are none here'),
  },
  { tags: mapOf(text), rules: list(text) },
);

test('what clients leave out comes in many forms, and unknown members are passed over', () => {
  for (const value of [null, '', [], {}]) {
    const body = { name: 'n', days: value, protect: value, mode: value, acls: value, regions: value, other: value };
    assert.deepEqual(read(body, 'body'), { name: 'n' });
  }
  assert.deepEqual(read({ name: 'n', ipVersionType: 'IPv4', constructor: 1 }, 'body'), { name: 'n' });
});

test('numbers and booleans may be texts, choices and names go in any case', () => {
  assert.deepEqual(read({ NAME: 'n', days: '7', Protect: 'true', mode: 'recover', acls: { action: 'DENY' } }, 'body'), {
    name: 'n',
    days: 7,
    protect: true,
    mode: 'Recover',
    acls: { action: 'Deny' },
  });
});

test('an empty set is a set with nothing in it', () => {
  assert.deepEqual(read({ name: 'n', tags: {}, rules: [] }, 'body'), {
    name: 'n',
    tags: Object.create(null) as object,
    rules: [],
  });
  assert.deepEqual(read({ name: 'n', tags: null, rules: '' }, 'body'), { name: 'n' });
});

test('wrong values of what is understood are refused by their path', () => {
  for (const [body, problem] of [
    [{}, /body\.name is missing/],
    [{ name: null }, /body\.name is missing/],
    [{ name: 'n', days: '6' }, /body\.days must be an integer from 7 to 90/],
    [{ name: 'n', days: 'seven' }, /body\.days must be an integer/],
    [{ name: 'n', protect: 1 }, /body\.protect must be true or false/],
    [{ name: 'n', mode: 'x' }, /body\.mode must be one of: Default, Recover/],
    [{ name: 'n', acls: { actions: 'Deny' } }, /body\.acls\.action is missing/],
    [{ name: 'n', regions: ['eu'] }, /body\.regions: there are none here/],
    [{ name: 'n', rules: {} }, /body\.rules must be a list/],
    [{ name: 'n', mode: 'Default', Mode: 'Recover' }, /body has the member "mode" twice/],
    [[], /body must be an object/],
  ] as const) {
    assert.throws(() => read(body, 'body'), problem, JSON.stringify(body));
  }
});
