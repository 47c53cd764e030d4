import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { writeIpAddress } from '../../formats/ip-address.ts';
import { type NetworkRules, OPEN_NETWORK } from '../../formats/network-rules.ts';
import { type ArrivingPeer, compileRules } from './admission.ts';

const closed = (...ipRules: string[]): NetworkRules => ({
  ...OPEN_NETWORK,
  networkAcls: { bypass: 'AzureServices', defaultAction: 'Deny', ipRules },
});
const from = (address: string, way: ArrivingPeer['way'] = 'public'): ArrivingPeer => ({ address, way });

it('an open network lets everybody in by the public way', () => {
  const judge = compileRules(OPEN_NETWORK);
  for (const address of ['203.0.113.1', '::1', '']) assert.equal(judge(from(address)), undefined);
});

it('a closed one lets in those whom a range names, by IPv4 and IPv6, and nobody without an address', () => {
  const judge = compileRules(closed('198.51.100.0/24', '2001:db8::/32', '203.0.113.7'));
  for (const address of ['198.51.100.255', '2001:db8:1::1', '203.0.113.7'])
    assert.equal(judge(from(address)), undefined, address);
  for (const address of ['198.51.101.0', '2001:db9::1', '203.0.113.8', '127.0.0.1', '']) {
    assert.equal(judge(from(address)), 'AddressNotAllowed', address);
  }
  // Being on this machine is no right.
  assert.equal(judge(from('127.0.0.1', 'direct')), 'AddressNotAllowed');
});

it('for all addresses: without a rule nobody passes, and a rule for 0.0.0.0/0 is for IPv4 alone', () => {
  const four = compileRules(closed('0.0.0.0/0'));
  const none = compileRules(closed());
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (raw) => {
      const address = writeIpAddress(raw);
      assert.equal(none(from(address)), 'AddressNotAllowed');
      const isMapped =
        raw.length === 16 && raw.slice(0, 10).every((byte) => byte === 0) && raw[10] === 255 && raw[11] === 255;
      assert.equal(four(from(address)), raw.length === 4 || isMapped ? undefined : 'AddressNotAllowed');
    }),
  );
});

it('a private way is open exactly while its connection is approved, whatever the public rules say', () => {
  const statuses = ['Approved', 'Pending', 'Rejected', 'Disconnected'] as const;
  for (const base of [OPEN_NETWORK, closed(), { ...OPEN_NETWORK, publicNetworkAccess: 'Disabled' as const }]) {
    for (const status of statuses) {
      const judge = compileRules({ ...base, privateEndpointConnections: [{ name: 'pe-Bank', status }] });
      const expected = status === 'Approved' ? undefined : 'ConnectionNotApproved';
      assert.equal(judge(from('10.0.0.1', { private: 'pe-bank' })), expected);
      assert.equal(judge(from('', { private: 'pe-bank' })), expected);
      assert.equal(judge(from('10.0.0.1', { private: 'pe-other' })), 'ConnectionNotApproved');
    }
  }
});

it('with public access disabled no address opens the public way', () => {
  const judge = compileRules({ ...closed('0.0.0.0/0', '::/0'), publicNetworkAccess: 'Disabled' });
  for (const way of ['public', 'direct'] as const)
    assert.equal(judge(from('10.0.0.1', way)), 'PublicNetworkAccessDisabled');
});
