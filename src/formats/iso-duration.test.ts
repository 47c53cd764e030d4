import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDuration, type Duration, parseDuration, printDuration, subtractDuration } from './iso-duration.ts';

const at = (text: string): number => Date.parse(text) / 1000;
const read = (text: string): Duration => {
  const duration = parseDuration(text);
  assert.ok(duration !== undefined, text);
  return duration;
};
const shown = (time: number): string => new Date(time * 1000).toISOString().slice(0, 16);

const count = fc.nat({ max: 999_999_999 });
const durations: fc.Arbitrary<Duration> = fc
  .oneof(
    fc.record({ years: count, months: count, days: count, hours: count, minutes: count, seconds: count }),
    fc.record({ weeks: count }),
  )
  .map((some) => ({ years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0, ...some }))
  .filter((duration) => Object.values(duration).some((value) => value > 0));

test('what is printed is read back as it was', () => {
  fc.assert(fc.property(durations, (duration) => assert.deepEqual(parseDuration(printDuration(duration)), duration)));
});

test('what is read prints back to the same text', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'PTYMWDHS0123456789'), maxLength: 12 });
  const near = fc.tuple(fc.constantFrom('P', 'PT', 'P1Y', 'P2M'), letters).map((parts) => parts.join(''));
  let readable = 0;
  fc.assert(
    fc.property(fc.oneof(letters, near), (text) => {
      const duration = parseDuration(text);
      if (duration === undefined) return;
      readable += 1;
      assert.equal(printDuration(duration), text);
    }),
    { numRuns: 5000 },
  );
  assert.ok(readable > 20, `only ${readable} of the texts were durations`);
});

test('anything else is no duration', () => {
  const wrong = ['', 'P', 'PT', 'P1YT', 'P0D', 'P028D', 'P-1D', '-P1D', '+P1D', 'P1.5D', 'P1,5D', 'p28d', 'P28d'];
  wrong.push(' P28D', 'P28D ', 'P28D\n', 'P1D1Y', 'P1H', 'PT1D', 'P1W1D', 'P1Y2W', '28D', 'P28', 'P1234567890D', 'P٣D');
  for (const text of wrong) assert.equal(parseDuration(text), undefined, JSON.stringify(text));
});

test('months end on the last day of a shorter one, and days have one length', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['2026-01-31T12:00Z', 'P1M', '2026-02-28T12:00'],
    ['2028-01-31T12:00Z', 'P1M', '2028-02-29T12:00'],
    ['2028-02-29T00:00Z', 'P1Y', '2029-02-28T00:00'],
    ['2026-11-30T00:00Z', 'P1Y3M', '2028-02-29T00:00'],
    ['2026-12-15T23:30Z', 'P18M', '2028-06-15T23:30'],
    ['2026-03-01T00:00Z', 'P90D', '2026-05-30T00:00'],
    ['2026-03-01T00:00Z', 'P4W', '2026-03-29T00:00'],
    ['2026-01-31T23:00Z', 'P1MT2H', '2026-03-01T01:00'],
    ['2026-01-01T00:00Z', 'PT48H30M', '2026-01-03T00:30'],
  ];
  for (const [from, duration, to] of rows) assert.equal(shown(addDuration(at(from), read(duration))), to, duration);
  assert.equal(shown(subtractDuration(at('2026-03-31T08:00Z'), read('P1M'))), '2026-02-28T08:00');
  assert.equal(shown(subtractDuration(at('2026-03-31T08:00Z'), read('P30D'))), '2026-03-01T08:00');
});

test('a duration always leads forward, and back again within the days that months differ by', () => {
  const few = fc.nat({ max: 400 });
  const parts = fc.record({ years: few, months: few, weeks: few, days: few, hours: few, minutes: few, seconds: few });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: at('2300-01-01') }), parts, (time, duration) => {
      fc.pre(Object.values(duration).some((value) => value > 0));
      const later = addDuration(time, duration);
      assert.ok(later > time);
      assert.ok(Math.abs(subtractDuration(later, duration) - time) <= 4 * 86_400);
    }),
  );
});

test('beyond the years that dates have there is no time', () => {
  assert.ok(Number.isNaN(addDuration(at('2026-01-01'), read('P999999Y'))));
});
