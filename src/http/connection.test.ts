import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerAddress } from './connection.ts';

test('a peer has one address, whatever form the system tells it in, and none where no rule could name it', () => {
  for (const [told, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    ['fe80::1%eth0', ''],
    ['fe80::1%25eth0', ''],
    ['192.0.2.1, 10.0.0.1', ''],
    ['', ''],
    [undefined, ''],
  ] as const) {
    assert.equal(peerAddress(told), address, told ?? 'nothing');
  }
});
