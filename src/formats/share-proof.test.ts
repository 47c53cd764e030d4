import assert from 'node:assert/strict';
import { createHash, createHmac, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { splitSecret } from './shamir.ts';
import { proofHash, proofOfShare } from './share-proof.ts';

test('the proof of a share is SP 800-108 over it, and the hash is of the proof', () => {
  const share = Buffer.from('0102030405', 'hex');
  const proof = createHmac('sha512', share)
    .update(Buffer.from([0, 0, 0, 1]))
    .update('strongroom share proof v1\0')
    .update(Buffer.from([0, 0, 1, 0]))
    .digest()
    .subarray(0, 32);
  assert.deepEqual(proofOfShare(share), proof);
  assert.equal(proofHash(proof), createHash('sha256').update(proof).digest('base64url'));
});

test('each share of a domain has a proof of its own', () => {
  const shares = splitSecret(Buffer.alloc(32, 7), 3, 10, randomFillSync);
  assert.equal(new Set(shares.map((share) => proofHash(proofOfShare(share)))).size, 10);
});
