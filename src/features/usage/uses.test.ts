import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Facets } from '../audit/index/indexed-entry.ts';
import { DAY_MS, type Use } from '../audit/index/usage.ts';
import { dependencesIn } from './uses.ts';

const facets: fc.Arbitrary<Facets> = fc.record({
  caller: fc.constantFrom('', 'a', 'b'),
  operation: fc.constantFrom('KeySign', 'KeyGet', 'KeyVerify'),
  key: fc.constantFrom('k', 'K', 'other'),
  version: fc.constantFrom('', '1', '2'),
  outcome: fc.constantFrom('success' as const, 'refused' as const),
  grant: fc.constantFrom('g', 'h'),
  ...Object.fromEntries(
    ['application', 'user', 'dataAction', 'scope', 'code', 'decision'].map((each) => [each, fc.constant('')]),
  ),
  status: fc.constant(200),
}) as fc.Arbitrary<Facets>;
const use: fc.Arbitrary<Use> = fc
  .record({ facets, at: fc.array(fc.integer({ min: 0, max: 9 * DAY_MS }), { minLength: 1 }) })
  .map(({ facets, at }) => {
    const days = new Map<number, number>();
    for (const each of at) days.set(Math.floor(each / DAY_MS), (days.get(Math.floor(each / DAY_MS)) ?? 0) + 1);
    return { facets, count: at.length, first: Math.min(...at), last: Math.max(...at), days };
  });

test('whoever had something done with a key depends on it, each time counted once; who reads it or is refused does not', () => {
  fc.assert(
    fc.property(fc.array(use), fc.integer({ min: 0, max: 10 }), (uses, untilDay) => {
      const found = dependencesIn(uses, 'k', untilDay);
      const wanted = uses.filter(
        ({ facets: { caller, key, version, operation, outcome } }) =>
          outcome === 'success' && caller !== '' && version !== '' && key !== 'other' && operation !== 'KeyGet',
      );
      const counts = wanted.flatMap(({ days }) => [...days]).filter(([day]) => day <= untilDay);
      assert.equal(
        found.reduce((sum, { count }) => sum + count, 0),
        counts.reduce((sum, [, count]) => sum + count, 0),
      );
      const ids = found.map(({ principal, version, operation }) => `${principal} ${version} ${operation}`);
      assert.equal(new Set(ids).size, ids.length);
      for (const [i, { principal, last, first }] of found.entries()) {
        assert.ok(first <= last && last <= (found[i - 1]?.last ?? last), 'the latest first');
        assert.ok(wanted.some((each) => each.facets.caller === principal && each.last === Date.parse(last)));
      }
    }),
  );
});
