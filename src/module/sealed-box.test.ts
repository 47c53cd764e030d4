import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { sealBox, secretKeyOf } from './sealed-box.ts';

test('no two boxes have a salt or a nonce in common, however many are sealed', () => {
  const key = secretKeyOf(randomBytes(32));
  const boxes = Array.from({ length: 1000 }, () => sealBox(key, Buffer.alloc(0), Buffer.from('the same')));
  assert.equal(new Set(boxes.map((box) => box.toString('hex', 1, 17))).size, 1000);
  assert.equal(new Set(boxes.map((box) => box.toString('hex', 17, 29))).size, 1000);
});
