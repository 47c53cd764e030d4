import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kdfCounter } from './kdf.ts';

test('the counter KDF gives the known answers', () => {
  assert.equal(
    kdfCounter(Buffer.alloc(32, 0x41), 'label', 'context', 256).toString('hex'),
    'f0ca51f6308791404bf68b56024ee7c64d6c737716f81d47e1e68b5c4e399575',
  );
  const master = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
  assert.equal(
    kdfCounter(master, 'hsm_backup', '', 512).toString('hex'),
    '2d34f55a1dd64e68d793ce19439e032e913bc2c83a99237a33c1bde888fb91da91626f37c72aaff2d718d3e7a37f0a39417a66839669da3c76fe4336aec9747c',
  );
});

test('lengths beyond one block are refused', () => {
  for (const bits of [0, -8, 12, 520, Number.NaN]) assert.throws(() => kdfCounter(Buffer.alloc(32), '', '', bits));
});
