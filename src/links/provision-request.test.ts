import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OPEN_NETWORK } from '../formats/network-rules.ts';
import { ProvisionRefused, readProvisionRequest } from './provision-request.ts';

const TENANT = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const good = {
  name: 'fin-prod-mhsm',
  tenantId: TENANT,
  resourceId:
    '/subscriptions/0b1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a11/resourceGroups/rg-keys-prod/providers/Microsoft.KeyVault/managedHSMs/fin-prod-mhsm',
  region: 'eastus2',
  initialAdministrators: ['9d1c3a52-9d1c-4f0b-8a55-0f6f5f6b9a12'],
  softDeleteRetentionInDays: 90,
  purgeProtection: false,
  network: OPEN_NETWORK,
};

function isRefused(request: unknown): boolean {
  try {
    readProvisionRequest(request, TENANT);
    return false;
  } catch (error) {
    assert.ok(error instanceof ProvisionRefused, `refused, not crashed: ${String(error)}`);
    return true;
  }
}

/** The good request under another name. */
function named(name: string): unknown {
  return { ...good, name, resourceId: good.resourceId.replace(/[^/]*$/, name) };
}

test('a request as control makes it passes unchanged', () => {
  assert.deepEqual(readProvisionRequest(good, TENANT), good);
  for (const name of ['dev', 'a-b', 'A1-b2-C3', 'x'.repeat(24)]) assert.equal(isRefused(named(name)), false, name);
});

test('no other value is a request', () => {
  fc.assert(fc.property(fc.anything(), (value) => isRefused(value)));
});

test('a request with any member missing, replaced by garbage, or added is refused', () => {
  for (const member of Object.keys(good)) {
    const { [member as 'name']: _, ...rest } = good;
    assert.ok(isRefused(rest), `without ${member}`);
  }
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(good)), fc.anything(), (member, value) => {
      fc.pre(!(member === 'purgeProtection' && typeof value === 'boolean'));
      fc.pre(!(member === 'softDeleteRetentionInDays' && typeof value === 'number'));
      fc.pre(!(member === 'region' && typeof value === 'string' && /^[a-z0-9]{1,64}$/.test(value)));
      return isRefused({ ...good, [member]: value });
    }),
  );
  for (const extra of ['issuers', 'hostNames', 'root', 'profile', 'id', '__proto__x']) {
    assert.ok(isRefused({ ...good, [extra]: [] }), `with ${extra}`);
  }
});

test('no name leads out of the folder of instances, or is anything but a DNS label', () => {
  const bad = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    'a\0b',
    'ab',
    '1ab',
    '-ab',
    'ab-',
    'a--b',
    'a_b',
    'a b',
    'ä12',
    'x'.repeat(25),
  ];
  for (const name of bad) assert.ok(isRefused(named(name)), JSON.stringify(name));
  fc.assert(
    fc.property(
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
      (start, rest) => {
        const name = `${start}${/^[A-Za-z0-9-]+$/.test(rest) ? '/' : ''}${rest}`;
        return isRefused(named(name));
      },
    ),
  );
});

test('another tenant, an empty list of administrators and a resource id that is not its own are refused', () => {
  assert.ok(isRefused({ ...good, tenantId: '00000000-0000-4000-8000-000000000000' }));
  assert.ok(isRefused({ ...good, initialAdministrators: [] }));
  assert.ok(isRefused({ ...good, softDeleteRetentionInDays: 6 }));
  assert.ok(isRefused({ ...good, softDeleteRetentionInDays: 91 }));
  for (const resourceId of [
    good.resourceId.replace('fin-prod-mhsm', 'other'),
    good.resourceId.replace('rg-keys-prod', '..'),
    good.resourceId.replace('rg-keys-prod', ''),
    good.resourceId.replace('Microsoft.KeyVault', 'Microsoft.Storage'),
    `${good.resourceId}/keys/x`,
    good.resourceId.replace('0b1f3a52', 'zzzzzzzz'),
  ]) {
    assert.ok(isRefused({ ...good, resourceId }), resourceId);
  }
});
