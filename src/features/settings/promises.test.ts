import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../store/port.ts';
import { type Promised, Promises } from './promises.ts';

const promised: fc.Arbitrary<Promised> = fc.record({
  retentionDays: fc.integer({ min: 7, max: 90 }),
  purgeProtection: fc.boolean(),
  profile: fc.constantFrom('dev' as const, 'production' as const),
});

test('whatever the configuration says over time, nothing promised is taken back', () => {
  fc.assert(
    fc.property(fc.array(promised, { minLength: 1, maxLength: 6 }), (configurations) => {
      const promises = new Promises();
      for (const configured of configurations) for (const change of promises.plan(configured)) promises.apply(change);
      assert.deepEqual(promises.current, {
        retentionDays: configurations[0]?.retentionDays,
        purgeProtection: configurations.some(({ purgeProtection }) => purgeProtection),
        profile: configurations.some(({ profile }) => profile === 'production') ? 'production' : 'dev',
      });
      assert.deepEqual(promises.plan(promises.current), [], 'what holds already is not written again');
    }),
  );
});

test('a record of promises that was damaged or removed stops the instance', () => {
  const promises = new Promises();
  assert.throws(() => promises.current);
  for (const text of ['{}', '{"retentionDays":7,"purgeProtection":1,"profile":"dev"}', '{"retentionDays":"7"}']) {
    assert.throws(() => promises.apply({ name: 'promises', value: Buffer.from(text) }), StoreError);
  }
  assert.throws(() => promises.apply({ name: 'promises', value: null }), StoreError);
});
