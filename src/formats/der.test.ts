import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DerError, ecdsaFromDer, ecdsaToDer } from './der.ts';

const widths = fc.constantFrom(32, 48, 66);

test('any r and s survive the way to DER and back', () => {
  fc.assert(
    fc.property(
      widths.chain((width) => fc.uint8Array({ minLength: 2 * width, maxLength: 2 * width })),
      (signature) => {
        const width = signature.length / 2;
        assert.deepEqual(new Uint8Array(ecdsaFromDer(ecdsaToDer(signature), width)), signature);
      },
    ),
  );
});

test('only one encoding of a signature decodes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
      try {
        assert.deepEqual(new Uint8Array(ecdsaToDer(ecdsaFromDer(noise, 32))), noise);
      } catch (error) {
        assert.ok(error instanceof DerError);
      }
    }),
  );
  for (const hex of [
    '3006020101020101ff', // spare byte
    '3006020181020101', // negative
    '300702020001020101', // not minimal
    '308106020101020101', // long length for a short value
    '30050201010201', // ends early
    '3006030101020101', // wrong tag
    '30040200020100', // empty integer
  ]) {
    assert.throws(() => ecdsaFromDer(Buffer.from(hex, 'hex'), 32), DerError, hex);
  }
});
