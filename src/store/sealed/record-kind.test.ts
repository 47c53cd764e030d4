import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flag, integer, record, ShapeError, text } from '../../formats/shape.ts';
import { StoreError } from '../port.ts';
import { feeding, findingKind, follow, keep, travelling } from './follow-records.ts';
import { recordKind, textKind } from './record-kind.ts';

interface Thing {
  readonly name: string;
  readonly size: number;
  readonly isNew?: boolean;
}

const before = record({ name: text });
const things = recordKind({
  of: 'things/',
  id: /^[a-z]+$/,
  about: 'Things',
  travels: 'text',
  staying: ['private'],
  members: { name: text, size: integer(0, 9) },
  optional: { isNew: flag },
  check({ name }, id) {
    if (name.toLowerCase() !== id) throw new ShapeError('it is another');
  },
  earlier: [(value, path) => ({ ...before(value, path), size: 0 })],
});
const word = textKind({ of: 'word', about: 'A word', travels: 'stays' }, (said) => {
  if (said === '') throw new ShapeError('it says nothing');
});
const read = (written: string): Thing => things.read('a', Buffer.from(written));
const damaged = (reason: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.code === 'Damaged' && reason.test(error.message);

test('what is put is read again, and is the same bytes when it is put again', () => {
  const thing = fc.record(
    { name: fc.constantFrom('a', 'A'), size: fc.nat({ max: 9 }), isNew: fc.boolean() },
    { requiredKeys: ['name', 'size'] },
  );
  fc.assert(
    fc.property(thing, (value) => {
      const { value: bytes } = things.put('a', value);
      assert.deepEqual(things.read('a', bytes), { ...value });
      assert.deepEqual(things.put('a', things.read('a', bytes)).value, bytes);
      assert.ok(things.same(value, things.read('a', bytes)));
    }),
  );
});

test('nothing else is read: a member too many, too few or of another kind, spare bytes, another spelling, no text', () => {
  assert.deepEqual(read('{"name":"a","size":1}'), { name: 'a', size: 1 });
  const refused: readonly (readonly [string, RegExp])[] = [
    ['{"name":"a","size":1,"more":1}', /'things\/a' does not read: it has the unknown member "more"/],
    ['{"size":1}', /it\.name is missing/],
    ['{"name":1,"size":1}', /it\.name must be a string/],
    ['{"name":"a","size":1} ', /not written as records are/],
    ['{"name":"a", "size":1}', /not written as records are/],
    ['{"name":"\\u0061","size":1}', /not written as records are/],
    ['{"name":"a","size":1,"size":1}', /not written as records are/],
    ['{"name":"a","size":1e0}', /not written as records are/],
    ['{"name":"b","size":1}', /it is another/],
    ['[]', /must be an object/],
    ['', /no text of a record/],
  ];
  for (const [written, reason] of refused) assert.throws(() => read(written), damaged(reason), written);
  assert.throws(() => things.read('a', Buffer.from('{"name":"\xff"}', 'latin1')), damaged(/no text of a record/));
  assert.throws(() => word.read('', Buffer.from('')), damaged(/says nothing/));
  assert.throws(() => word.read('', Buffer.from([0xc3])), damaged(/no text of a record/));
});

test('a form of before is brought to the present one; what would not be read is not put', () => {
  assert.deepEqual(read('{"name":"a"}'), { name: 'a', size: 0 });
  assert.equal(things.form, 2);
  assert.throws(() => read('{"name":"a","more":1}'), damaged(/unknown member "more"/));
  assert.throws(() => things.put('a', { name: 'a', size: 10 }), damaged(/size/));
  assert.throws(() => word.put('', ''), damaged(/says nothing/));
});

test('kinds are told apart by names; one without ids is one record, and an id has its form', () => {
  const find = findingKind([things, word]);
  assert.equal(find('things/a'), things);
  assert.equal(find('word'), word);
  for (const other of ['thing/a', 'things', 'word/a', 'words', '']) assert.equal(find(other), undefined, other);
  assert.equal(things.idOf('things/a'), 'a');
  assert.throws(() => things.idOf('things/A'), damaged(/its name is none/));
  assert.throws(() => findingKind([things, things]), /one name/);
});

test('a kind travels as it says, but for the records that stay', () => {
  const travels = travelling([things, word]);
  assert.deepEqual(['things/a', 'things/private', 'word', 'other/a'].map(travels), ['text', 'stays', 'stays', 'stays']);
});

test('who follows a kind is told of its changes in order, what was read once; others are left alone', () => {
  const all = new Map<string, Thing>();
  const told: string[] = [];
  const apply = feeding([
    keep(things, all),
    follow(things, (id, value) => told.push(`${id} ${value?.size} ${all.size}`)),
  ]);
  apply(things.put('a', { name: 'a', size: 3 }));
  apply(word.put('', 'x'));
  apply({ name: 'unknown', value: Buffer.from('?') });
  apply(things.remove('a'));
  assert.deepEqual(told, ['a 3 1', 'a undefined 0']);
  assert.throws(() => apply({ name: 'things/a', value: Buffer.from('{}') }), damaged(/missing/));
  const strict = feeding([], [word]);
  assert.throws(() => strict({ name: 'word', value: Buffer.from('') }), damaged(/says nothing/));
});
