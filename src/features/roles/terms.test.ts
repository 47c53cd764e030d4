import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../../http/service-error.ts';
import { endOf, isoSecond, readDefinitionTerms, readTerms } from './terms.ts';

const NOW = 1_800_000_000;

test('an end is a time ahead or a duration, in one spelling each', () => {
  for (const [given, kept, end] of [
    ['P7D', 'P7D', NOW + 7 * 86_400],
    ['PT8H', 'PT8H', NOW + 8 * 3600],
    ['P2W', 'P2W', NOW + 14 * 86_400],
    [isoSecond(NOW + 60), isoSecond(NOW + 60), NOW + 60],
    ['2027-06-01T12:00+02:00', '2027-06-01T10:00:00Z', Date.UTC(2027, 5, 1, 10) / 1000],
  ] as const) {
    assert.deepEqual(readTerms({ expires: given }, NOW), { expires: kept });
    assert.equal(endOf(kept, NOW), end);
  }
});

test('whatever is read as an end lies ahead, and is read the same again', () => {
  const minute = (seconds: number): string => `${isoSecond(seconds).slice(0, 16)}Z`;
  const texts = fc.oneof(
    fc.string(),
    fc.integer({ min: 0, max: 2 ** 33 }).map(minute),
    fc.tuple(fc.nat(10_000), fc.constantFrom('Y', 'M', 'D')).map(([count, unit]) => `P${count}${unit}`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      let kept: string | undefined;
      try {
        kept = readTerms({ expires: text }, NOW).expires;
      } catch (error) {
        assert.ok(error instanceof ServiceError);
        return;
      }
      assert.ok(kept !== undefined && endOf(kept, NOW) > NOW);
      assert.deepEqual(readTerms({ expires: kept }, NOW), { expires: kept });
    }),
  );
});

test('a reason is one readable line', () => {
  assert.deepEqual(readTerms({ reason: '  ticket 7 ' }, NOW), { reason: 'ticket 7' });
  for (const reason of ['', ' ', 'a\nb', 'a\u001b[2J', 'a\u202eb', '\ud800', 'x'.repeat(501)]) {
    assert.throws(() => readTerms({ reason }, NOW), ServiceError, JSON.stringify(reason));
  }
});

test('a definition has no end', () => {
  assert.throws(() => readDefinitionTerms({ expires: 'P7D' }, NOW), /Only role assignments can end/);
});
