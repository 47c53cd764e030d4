import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../store/port.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
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
      const instancePolicy = new InstancePolicy();
      for (const configured of configurations)
        for (const change of instancePolicy.plan(configured)) feeding(instancePolicy.follows)(change);
      assert.deepEqual(instancePolicy.current, {
        retentionDays: configurations[0]?.retentionDays,
        purgeProtection: configurations.some(({ purgeProtection }) => purgeProtection),
        profile: configurations.some(({ profile }) => profile === 'production') ? 'production' : 'dev',
        separation: configurations.some((each, n) => (n === 0 ? separationOf(each) : each.separation) === 'strict')
          ? 'strict'
          : 'azure',
      });
      assert.deepEqual(instancePolicy.plan(instancePolicy.current), [], 'what holds already is not written again');
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
    const instancePolicy = new InstancePolicy();
    assert.equal(instancePolicy.isStrict, false);
    for (const change of instancePolicy.plan({ ...days, profile, separation })) feeding(instancePolicy.follows)(change);
    assert.equal(instancePolicy.current.separation, then);
    assert.equal(instancePolicy.isStrict, then === 'strict');
  }
});

test('an instance of before there were modes goes on as it was, in production too, until it is told otherwise', () => {
  const old = { retentionDays: 7, purgeProtection: false, profile: 'production' as const };
  const instancePolicy = new InstancePolicy();
  feeding(instancePolicy.follows)({ name: 'promises', value: Buffer.from(JSON.stringify(old)) });
  assert.equal(instancePolicy.current.separation, 'azure');
  assert.deepEqual(instancePolicy.plan(old), []);
  for (const change of instancePolicy.plan({ ...old, separation: 'strict' })) feeding(instancePolicy.follows)(change);
  assert.equal(instancePolicy.isStrict, true);
});

test('a record of promises that was damaged or removed stops the instance', () => {
  const instancePolicy = new InstancePolicy();
  assert.throws(() => instancePolicy.current);
  for (const text of [
    '{}',
    '{"retentionDays":7,"purgeProtection":1,"profile":"dev"}',
    '{"retentionDays":"7"}',
    '{"retentionDays":7,"purgeProtection":true,"profile":"dev","separation":"none"}',
  ]) {
    assert.throws(() => feeding(instancePolicy.follows)({ name: 'promises', value: Buffer.from(text) }), StoreError);
  }
  assert.throws(() => feeding(instancePolicy.follows)({ name: 'promises', value: null }), StoreError);
});
