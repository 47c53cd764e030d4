import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type NetworkRules, readProposedRules, rulesAfter } from './network-rules.ts';

const shut: NetworkRules = {
  publicNetworkAccess: 'Disabled',
  networkAcls: { bypass: 'AzureServices', defaultAction: 'Deny', ipRules: ['10.0.0.0/8'] },
  privateEndpointConnections: [{ name: 'pe-bank', status: 'Approved' }],
};
const after = (proposal: unknown): NetworkRules => rulesAfter(shut, readProposedRules(proposal, 'rules'));

it('what a proposal leaves out stays as it is: it opens nothing that it does not name', () => {
  assert.deepEqual(after({ defaultAction: 'Deny', ipRules: ['127.0.0.1', '127.0.0.1/32'] }), {
    ...shut,
    networkAcls: { ...shut.networkAcls, ipRules: ['127.0.0.1/32'] },
  });
  assert.deepEqual(after({ publicNetworkAccess: 'Enabled' }), { ...shut, publicNetworkAccess: 'Enabled' });
  assert.deepEqual(after({ ipRules: [] }).networkAcls, { ...shut.networkAcls, ipRules: [] });
  assert.deepEqual(after({ bypass: 'None' }).networkAcls, { ...shut.networkAcls, bypass: 'None' });
});

it('a proposal that says nothing, or too much, is refused by name', () => {
  assert.throws(() => after({}), /rules says nothing: give defaultAction, ipRules, publicNetworkAccess or bypass/);
  assert.throws(() => after({ virtualNetworkRules: [] }), /rules says nothing/);
  assert.throws(() => after({ ipRules: [], virtualNetworkRules: [{ id: 'x' }] }), /there are none here/);
  assert.throws(() => after({ privateEndpointConnections: [] }), /privateEndpointConnections/);
});
