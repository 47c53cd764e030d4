import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../store/port.ts';
import { type Configured, InstancePolicy, separationOf } from './instance-policy.ts';

const configured: fc.Arbitrary<Configured> = fc.record({
  retentionDays: fc.integer({ min: 7, max: 90 }),
  purgeProtection: fc.boolean(),
  profile: fc.constantFrom('dev' as const, 'production' as const),
  separation: fc.constantFrom('azure' as const, 'strict' as const, undefined),
});

test('whatever the configuration says over time, nothing promised is taken back', () => {
  fc.assert(
    fc.property(fc.array(configured, { minLength: 1, maxLength: 6 }), (configurations) => {
      const promises = new InstancePolicy();
      for (const configured of configurations) for (const change of promises.plan(configured)) promises.apply(change);
      assert.deepEqual(promises.current, {
        retentionDays: configurations[0]?.retentionDays,
        purgeProtection: configurations.some(({ purgeProtection }) => purgeProtection),
        profile: configurations.some(({ profile }) => profile === 'production') ? 'production' : 'dev',
        separation: configurations.some((each, n) => (n === 0 ? separationOf(each) : each.separation) === 'strict')
          ? 'strict'
          : 'azure',
      });
      assert.deepEqual(promises.plan(promises.current), [], 'what holds already is not written again');
    }),
  );
});

test('duties are separated from the start in production, and in development on request', () => {
  const days = { retentionDays: 7, purgeProtection: false };
  for (const [profile, separation, then] of [
    ['production', undefined, 'strict'],
    ['production', 'azure', 'azure'],
    ['dev', undefined, 'azure'],
    ['dev', 'strict', 'strict'],
  ] as const) {
    const promises = new InstancePolicy();
    assert.equal(promises.isStrict, false);
    for (const change of promises.plan({ ...days, profile, separation })) promises.apply(change);
    assert.equal(promises.current.separation, then);
    assert.equal(promises.isStrict, then === 'strict');
  }
});

test('an instance of before there were modes goes on as it was, in production too, until it is told otherwise', () => {
  const old = { retentionDays: 7, purgeProtection: false, profile: 'production' as const };
  const promises = new InstancePolicy();
  promises.apply({ name: 'promises', value: Buffer.from(JSON.stringify(old)) });
  assert.equal(promises.current.separation, 'azure');
  assert.deepEqual(promises.plan(old), []);
  for (const change of promises.plan({ ...old, separation: 'strict' })) promises.apply(change);
  assert.equal(promises.isStrict, true);
});

test('a record of promises that was damaged or removed stops the instance', () => {
  const promises = new InstancePolicy();
  assert.throws(() => promises.current);
  for (const text of [
    '{}',
    '{"retentionDays":7,"purgeProtection":1,"profile":"dev"}',
    '{"retentionDays":"7"}',
    '{"retentionDays":7,"purgeProtection":true,"profile":"dev","separation":"none"}',
  ]) {
    assert.throws(() => promises.apply({ name: 'promises', value: Buffer.from(text) }), StoreError);
  }
  assert.throws(() => promises.apply({ name: 'promises', value: null }), StoreError);
});
