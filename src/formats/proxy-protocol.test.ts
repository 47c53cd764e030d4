import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { writeIpAddress } from './ip-address.ts';
import { MAX_PROXY_HEADER, readProxyHeader, writeProxyHeader } from './proxy-protocol.ts';

/** From HAProxy's own text: the signature, PROXY over TCP4, 12 bytes of addresses. */
const KNOWN = Buffer.from('0d0a0d0a000d0a515549540a2111000cc6336407cb00710104d20050', 'hex');

it('reads the header as it is specified', () => {
  const header = readProxyHeader(Buffer.concat([KNOWN, Buffer.from('more')]));
  assert.equal(header.kind, 'header');
  assert.ok(header.kind === 'header' && header.source !== undefined);
  assert.equal(writeIpAddress(header.source), '198.51.100.7');
  assert.equal(header.length, KNOWN.length);
});

it('for all addresses and extensions: what is written reads back, and no shorter piece does', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => (bytes[0] ?? 0) !== 0),
  );
  const extensions = fc.dictionary(fc.integer({ min: 0, max: 255 }).map(String), fc.uint8Array({ maxLength: 40 }), {
    maxKeys: 4,
  });
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 65535 }), extensions, (bytes, port, given) => {
      const map = new Map(Object.entries(given).map(([type, value]) => [Number(type), value]));
      const written = writeProxyHeader(writeIpAddress(bytes), port, map);
      const header = readProxyHeader(written);
      assert.ok(header.kind === 'header' && header.source !== undefined);
      assert.deepEqual(header.source, bytes);
      assert.equal(header.length, written.length);
      assert.deepEqual(
        [...header.extensions].map(([type, value]) => [type, [...value]]),
        [...map].map(([type, value]) => [type, [...value]]),
      );
      for (let cut = 0; cut < written.length; cut++)
        assert.equal(readProxyHeader(written.subarray(0, cut)).kind, 'incomplete');
    }),
    { numRuns: 30 },
  );
});

it('an IPv4 client of an IPv6 proxy is an IPv4 client', () => {
  const mapped = Buffer.concat([
    KNOWN.subarray(0, 13),
    Buffer.from([0x21, 0, 36]),
    Buffer.from('00000000000000000000ffffc0000201', 'hex'),
    Buffer.alloc(20),
  ]);
  const header = readProxyHeader(mapped);
  assert.ok(header.kind === 'header' && header.source !== undefined);
  assert.equal(writeIpAddress(header.source), '192.0.2.1');
});

it('a health check of the proxy has no client', () => {
  const header = readProxyHeader(Buffer.concat([KNOWN.subarray(0, 12), Buffer.from([0x20, 0, 0, 0])]));
  assert.ok(header.kind === 'header' && header.source === undefined);
});

it('refuses what is no header, at the first byte that tells', () => {
  const changed = (at: number, ...values: number[]): Buffer => {
    const copy = Buffer.from(KNOWN);
    copy.set(values, at);
    return copy;
  };
  const wrong: Record<string, Buffer> = {
    TLS: Buffer.from([0x16, 3, 1]),
    'version 1': Buffer.from('PROXY TCP4 1.2.3.4'),
    'another version': changed(12, 0x11),
    'another command': changed(12, 0x22),
    UDP: changed(13, 0x12),
    'a Unix socket': changed(13, 0x31),
    'a length that cuts off addresses': changed(14, 0, 11),
    'a length beyond the greatest': changed(14, MAX_PROXY_HEADER >> 8, 0),
    'an extension cut off': Buffer.concat([changed(14, 0, 15), Buffer.from([0xe0, 0, 1])]),
    'an extension twice': Buffer.concat([changed(14, 0, 18), Buffer.from([1, 0, 0, 1, 0, 0])]),
  };
  for (const [name, bytes] of Object.entries(wrong)) assert.equal(readProxyHeader(bytes).kind, 'malformed', name);
});
