import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedList } from './sorted-list.ts';

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const name = fc.integer({ min: 0, max: 5000 }).map((number) => number.toString(36));

test('after any additions and removals it holds what a sorted set holds, and pages through it from any place', () => {
  const changes = fc.array(fc.record({ name, adds: fc.boolean() }), { maxLength: 50 });
  const many = fc.array(name, { minLength: 0, maxLength: 4000, size: 'max' });
  fc.assert(
    fc.property(many, changes, fc.option(name, { nil: undefined }), fc.nat(1500), (first, then, after, count) => {
      const names = new SortedList(byText);
      const model = new Set<string>();
      for (const added of first) {
        names.add(added);
        model.add(added);
      }
      for (const change of then) {
        if (change.adds) names.add(change.name);
        else names.remove(change.name);
        if (change.adds) model.add(change.name);
        else model.delete(change.name);
      }
      assert.equal(names.size, model.size);
      const expected = [...model].sort().filter((one) => after === undefined || one > after);
      assert.deepEqual(names.after(after, count), expected.slice(0, count));
      assert.deepEqual(names.after(after, model.size), expected);
    }),
    { numRuns: 60 },
  );
});

test('names go and come again in whatever order, blocks that become empty included', () => {
  const all = Array.from({ length: 3000 }, (_, number) => String(number).padStart(4, '0'));
  const names = new SortedList(byText);
  for (const one of all.toReversed()) names.add(one);
  assert.deepEqual(names.after(undefined, 3000), all);
  for (const one of all) if (one >= '0100' && one < '2900') names.remove(one);
  assert.deepEqual(names.after('0099', 2), ['2900', '2901']);
  for (const one of all) names.remove(one);
  assert.deepEqual([names.size, names.after(undefined, 1)], [0, []]);
  names.add('again');
  assert.deepEqual(names.after(undefined, 1), ['again']);
});
