import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RotationPolicy, wirePolicy } from './policy.ts';

const origin = 'https://x.example';
const policy: RotationPolicy = {
  lifetimeActions: [{ type: 'Rotate', trigger: 'timeAfterCreate', time: 'P30D' }],
  expiryTime: 'P90D',
  created: 1,
  updated: 2,
};
const trigger = { timeAfterCreate: 'P30D' };

test('an HSM answers with a relative id and small letters, a vault with its address and capitals', () => {
  assert.deepEqual(wirePolicy({ origin, names: 'hsm' }, 'K', policy), {
    attributes: { created: 1, expiryTime: 'P90D', updated: 2 },
    id: 'keys/K/rotationpolicy',
    lifetimeActions: [{ action: { type: 'rotate' }, trigger }],
  });
  assert.deepEqual(wirePolicy({ origin, names: 'vault' }, 'K', policy), {
    attributes: { created: 1, expiryTime: 'P90D', updated: 2 },
    id: 'https://x.example/keys/K/rotationpolicy',
    lifetimeActions: [{ action: { type: 'Rotate' }, trigger }],
  });
});

test('none set looks as each of the two shows it', () => {
  assert.deepEqual(wirePolicy({ origin, names: 'hsm' }, 'K', undefined), {
    attributes: { created: 0, expiryTime: '', updated: 0 },
    id: '',
  });
  assert.deepEqual(wirePolicy({ origin, names: 'vault' }, 'K', undefined), {
    attributes: {},
    id: 'https://x.example/keys/K/rotationpolicy',
    lifetimeActions: [],
  });
});
