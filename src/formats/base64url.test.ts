import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Base64Error, fromBase64, fromBase64url, toBase64url } from './base64url.ts';

test('any bytes survive the round trip', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(new Uint8Array(fromBase64url(toBase64url(bytes))), bytes);
      assert.deepEqual(new Uint8Array(fromBase64(Buffer.from(bytes).toString('base64'))), bytes);
    }),
  );
});

test('what decodes encodes back to the same text', () => {
  const characters = fc.constantFrom(...'AQgwf_-+/= \nz');
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 9 }), (text) => {
      for (const [decode, encoding] of [
        [fromBase64url, 'base64url'],
        [fromBase64, 'base64'],
      ] as const) {
        try {
          assert.equal(decode(text).toString(encoding), text);
        } catch (error) {
          assert.ok(error instanceof Base64Error);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('padding, white space, the other alphabet, spare bits and impossible lengths are refused', () => {
  for (const text of ['QQ==', 'Q Q', 'QQ\n', 'a+b/', 'QR', 'QUF', 'A', 'AAAAA', 'é', '\u0000AAA']) {
    assert.throws(() => fromBase64url(text), Base64Error, JSON.stringify(text));
  }
  for (const text of ['QQ', 'QQ=', 'QR==', 'QUF=', '====', 'a-b_', 'QQ==QQ==']) {
    assert.throws(() => fromBase64(text), Base64Error, JSON.stringify(text));
  }
});
