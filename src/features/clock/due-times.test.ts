import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DueTimes } from './due-times.ts';

test('after any changes, what is next has the smallest of all times', () => {
  const change = fc.record({ name: fc.nat({ max: 12 }), time: fc.option(fc.nat({ max: 30 }), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      const due = new DueTimes();
      const model = new Map<string, number>();
      for (const { name, time } of changes) {
        due.set(`k${name}`, time);
        if (time === undefined) model.delete(`k${name}`);
        else model.set(`k${name}`, time);
        const next = due.next();
        assert.equal(next?.time, model.size === 0 ? undefined : Math.min(...model.values()));
        if (next !== undefined) assert.equal(model.get(next.name), next.time);
      }
    }),
  );
});

test('taken one after the other, they come in order of their times', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 200 }), (times) => {
      const due = new DueTimes();
      times.forEach((time, index) => void due.set(String(index), time));
      const taken = [];
      for (let next = due.next(); next !== undefined; next = due.next()) {
        taken.push(next.time);
        due.set(next.name, undefined);
      }
      assert.deepEqual(
        taken,
        [...times].sort((a, b) => a - b),
      );
    }),
  );
});
