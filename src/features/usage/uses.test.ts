import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dependantsIn } from './dependants.ts';
import { addUse, type Use } from './uses.ts';

const version = (n: number): string => `/keys/k/${String(n).padStart(32, '0')}`;
const use: fc.Arbitrary<Use> = fc
  .record({
    principal: fc.constantFrom('a', 'b'),
    operation: fc.constantFrom('KeySign', 'KeyGet', 'KeyVerify'),
    key: fc.constantFrom('', version(1), version(2)),
    dataAction: fc.constantFrom('x', 'y'),
    scope: fc.constantFrom('/', '/keys/k'),
    grant: fc.constantFrom('g', 'h'),
    isDone: fc.boolean(),
    last: fc.integer({ min: 10, max: 99 }).map(String),
  })
  .map((each) => ({ ...each, count: 1, first: each.last }));

function sums(...parts: readonly (readonly Use[])[]): ReadonlyMap<string, Use> {
  const all = new Map<string, Use>();
  for (const part of parts) {
    const some = new Map<string, Use>();
    for (const each of part) addUse(some, each);
    for (const each of some.values()) addUse(all, each);
  }
  return all;
}

test('sums of the parts of a log, however it is cut and in whatever order, are those of the log', () => {
  fc.assert(
    fc.property(fc.array(use), fc.nat(), fc.nat(), (log, a, b) => {
      const [from, to] = [a % (log.length + 1), b % (log.length + 1)].sort((x, y) => x - y);
      const whole = sums(log);
      assert.deepEqual(
        Object.fromEntries(sums(log.slice(to), log.slice(0, from), log.slice(from, to))),
        Object.fromEntries(whole),
      );
      assert.equal(
        [...whole.values()].reduce((sum, { count }) => sum + count, 0),
        log.length,
      );
    }),
  );
});

test('whoever had something done with a key depends on it, and whoever reads it or is refused does not', () => {
  fc.assert(
    fc.property(fc.array(use), (log) => {
      const found = dependantsIn([...sums(log).values()]);
      const depending = log.filter(({ isDone, key, operation }) => isDone && key !== '' && operation !== 'KeyGet');
      assert.equal(
        found.reduce((sum, { count }) => sum + count, 0),
        depending.length,
      );
      for (const { principal, last } of found)
        assert.ok(depending.some((each) => each.principal === principal && each.last === last));
      assert.deepEqual(
        found.map(({ last }) => last),
        found
          .map(({ last }) => last)
          .toSorted()
          .toReversed(),
      );
    }),
  );
});
