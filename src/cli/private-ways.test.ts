import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { privateWaysOf, privateWaysText } from './private-ways.ts';

const GUID = '11111111-2222-4333-8444-555555555555';
const INSTANCE = {
  profile: 'dev',
  id: GUID,
  name: 'dev',
  tenantId: GUID,
  resourceId: '/subscriptions/s',
  region: 'local',
  hostNames: [
    {
      authority: 'dev.managedhsm.azure.net',
      authorization: 'https://login/t',
      resource: 'https://managedhsm.azure.net',
    },
  ],
  issuers: [
    { issuers: ['https://login/t'], audiences: ['https://managedhsm.azure.net'], jwksUri: 'https://login/keys' },
  ],
  initialAdministrators: [GUID],
  softDeleteRetentionInDays: 7,
  purgeProtection: false,
  separation: 'azure',
  createdAt: '2026-01-01T00:00:00Z',
  network: {
    publicNetworkAccess: 'Enabled',
    networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [] },
    privateEndpointConnections: [
      { name: 'app', status: 'Approved' },
      { name: 'new', status: 'Pending' },
    ],
  },
  privateListeners: [
    { connection: 'App', address: '::1', port: 5000 },
    { connection: 'new', socket: '/run/new.sock' },
    { connection: 'ap', address: '10.0.0.5', port: 443 },
  ],
};

it('says of each private listener whether anybody gets in by it, and of a misspelt connection that there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-ways-'));
  try {
    const file = join(folder, 'instance.json');
    writeFileSync(file, JSON.stringify(INSTANCE));
    assert.deepEqual(privateWaysText(privateWaysOf(file)).split('\n'), [
      '  private [::1]:5000: serves, by the connection App',
      '  private /run/new.sock: serves nobody: the connection new is Pending',
      '  private 10.0.0.5:443: serves nobody: the instance has no private endpoint connection ap (az keyvault private-endpoint-connection list)',
      '',
    ]);
    assert.deepEqual(privateWaysOf(join(folder, 'none.json')), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
