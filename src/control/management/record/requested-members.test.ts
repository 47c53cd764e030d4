import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedFor } from './requested-members.ts';

test('what rows read is kept, where it belongs', () => {
  const link = { name: 'c', properties: { privateLinkServiceId: '/s', groupIds: ['managedhsm'] } };
  for (const body of [
    {
      location: 'local',
      sku: { family: 'B', name: 'Standard_B1' },
      properties: {
        initialAdminObjectIds: ['a', 'b'],
        enablePurgeProtection: true,
        networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [{ value: '10.0.0.0/8' }] },
      },
    },
    { properties: { roleDefinitionId: 'r', principalId: 'p', principalType: 'User' } },
    { rules: { ipRules: ['10.0.0.0/8'], publicNetworkAccess: 'Enabled' }, confirmWithinSeconds: 60 },
    { properties: { subnet: { id: '/s' }, privateLinkServiceConnections: [link] } },
    { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } },
    { properties: { kty: 'RSA-HSM', keySize: 2048, keyOps: ['sign'], attributes: { enabled: true } } },
  ]) {
    assert.deepEqual(askedFor(body), body);
  }
});

test('of tags and identities the names are kept, however the member is spelled', () => {
  const identity = { type: 'UserAssigned', userAssignedIdentities: { '/id': { clientSecret: 'SECRET' } } };
  assert.deepEqual(askedFor({ TAGS: { team: 'SECRET' }, identity }), {
    tags: ['team'],
    identity: { type: 'UserAssigned', userAssignedIdentities: ['/id'] },
  });
});

test('what no row reads is not kept, nor what has another form than a row reads', () => {
  for (const body of [
    { password: 'SECRET' },
    { tags: 'SECRET' },
    { tags: ['SECRET'] },
    { location: { key: 'SECRET' } },
    { location: [{ key: 'SECRET' }] },
    { properties: 'SECRET' },
    { properties: ['SECRET'] },
    { properties: { location: 'SECRET', tags: { a: 'SECRET' }, description: 'SECRET' } },
    { properties: { networkAcls: { ipRules: ['1.2.3.4', { token: 'SECRET' }] }, release_policy: { data: 'SECRET' } } },
    { properties: { privateLinkServiceConnectionState: { description: 'SECRET' } } },
    JSON.parse('{"__proto__":{"tags":{"a":"SECRET"}},"constructor":"SECRET"}') as unknown,
    'SECRET',
    ['SECRET'],
  ]) {
    assert.doesNotMatch(JSON.stringify(askedFor(body)) ?? '', /SECRET/, JSON.stringify(body));
  }
});
