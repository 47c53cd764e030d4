import assert from 'node:assert/strict';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { it } from 'node:test';
import fc from 'fast-check';
import { isInRange, readIpAddress, readIpRange, writeIpAddress } from './ip-address.ts';
import { ShapeError } from './shape.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const rangeOf = (text: string) => readIpRange(text);
const isIn = (address: string, range: string): boolean => isInRange(readIpAddress(address), rangeOf(range));

it('for all addresses: the text reads back, and is the one the operating system writes', () => {
  fc.assert(
    fc.property(fc.oneof(bytesOf(4), bytesOf(16)), (bytes) => {
      const text = writeIpAddress(bytes);
      const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
      const address = readIpAddress(text);
      assert.equal(writeIpAddress(address), bytes.length === address.length ? text : writeIpAddress(bytes.slice(12)));
      assert.equal(family === 'ipv4' ? isIPv4(text) : isIPv6(text), true);
      // inet_ntop writes addresses that embed IPv4 with dots; those are the same bytes.
      if (!text.startsWith('::')) assert.equal(new SocketAddress({ address: text, family }).address, text);
    }),
  );
});

it('knows an IPv4 address in each form that IPv6 gives it', () => {
  for (const text of ['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1']) {
    assert.equal(writeIpAddress(readIpAddress(text)), '192.0.2.1');
  }
});

it('refuses what two readers could understand differently, zones, and what is none', () => {
  const none = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '0x7f.0.0.1',
    '1.2.3.4 ',
    ' ::1',
    '::1%eth0',
    'fe80::1%1',
    '[::1]',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    '::1.2.3',
    '1.2.3.4::',
    'g::',
    '2130706433',
  ];
  for (const text of none) assert.throws(() => readIpAddress(text), ShapeError, text);
});

it('tells what is in a range, at its edges too', () => {
  assert.ok(isIn('10.1.255.255', '10.1.0.0/16') && !isIn('10.2.0.0', '10.1.0.0/16'));
  assert.ok(isIn('203.0.113.7', '203.0.113.7') && !isIn('203.0.113.6', '203.0.113.7'));
  assert.ok(isIn('198.51.100.129', '198.51.100.128/25') && !isIn('198.51.100.127', '198.51.100.128/25'));
  assert.ok(isIn('255.255.255.255', '0.0.0.0/0') && !isIn('::1', '0.0.0.0/0'));
  assert.ok(isIn('2001:db8::ffff', '2001:db8::/32') && !isIn('2001:db9::', '2001:db8::/32'));
  assert.ok(isIn('::ffff:10.1.2.3', '10.0.0.0/8') && isIn('10.1.2.3', '::ffff:10.0.0.0/104'));
});

it('says which range was meant by one that has bits of an address', () => {
  for (const [written, meant] of [
    ['10.20.0.1/16', '10.20.0.0/16'],
    ['10.20.31.255/20', '10.20.16.0/20'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['2001:db8:0:7::1/62', '2001:db8:0:4::/62'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
  ] as const) {
    assert.throws(() => rangeOf(written), { message: new RegExp(`did you mean ${meant.replaceAll('.', '\\.')}\\?$`) });
    assert.doesNotThrow(() => rangeOf(meant));
  }
});

it('refuses ranges that say two things', () => {
  for (const text of [
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    '::ffff:0:0/80',
    '2001:db8::1/64',
    '/8',
  ]) {
    assert.throws(() => rangeOf(text), ShapeError, text);
  }
});
