import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bound, isRatioDisturbed } from './results.ts';

const rate = fc.double({ min: 1, max: 1e7, noNaN: true });

test('the bound is below either of its parts, and the same whichever is which', () => {
  fc.assert(
    fc.property(rate, rate, (c, e) => {
      assert.ok(bound(c, e) < Math.min(c, e));
      assert.equal(bound(c, e), bound(e, c));
    }),
  );
});

test('without cryptography the bound is the echo', () => {
  assert.equal(bound(undefined, 40_000), 40_000);
});

test('8,000 signatures and 40,000 echoes a second leave room for 6,667 of both', () => {
  assert.equal(Math.round(bound(8000, 40_000)), 6667);
});

test('the bursting echo has no part in the ratio, so what disturbed it does not matter', () => {
  const [calm, busy] = [
    { foreign: 0, stolen: 0 },
    { foreign: 0.5, stolen: 0 },
  ];
  const disturbance = { product: calm, echo: calm, bursting: busy, raw: calm };
  assert.equal(isRatioDisturbed({ disturbance }), false);
  assert.equal(isRatioDisturbed({ disturbance: { ...disturbance, echo: busy } }), true);
});
