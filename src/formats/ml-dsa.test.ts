import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { DerError } from './der.ts';
import { decodeMlDsaPublicKey, encodeMlDsaSeed, mlDsaSets } from './ml-dsa.ts';

test('a seed is written as other software reads it, and its public key read as other software writes it', () => {
  for (const [alg, set] of mlDsaSets) {
    const seed = randomBytes(32);
    const given = Buffer.from(seed);
    const key = createPrivateKey({ key: encodeMlDsaSeed(alg, seed), format: 'der', type: 'pkcs8' });
    assert.deepEqual(seed, given);
    assert.equal(key.asymmetricKeyType, alg.toLowerCase());
    const jwk = key.export({ format: 'jwk' }) as Record<string, string>;
    assert.equal(jwk['priv'], seed.toString('base64url'));
    const read = decodeMlDsaPublicKey(createPublicKey(key).export({ format: 'der', type: 'spki' }));
    assert.equal(read.alg, alg);
    assert.equal(read.pub.length, set.publicKeyBytes);
    assert.equal(Buffer.from(read.pub).toString('base64url'), jwk['pub']);
  }
});

test('what is no ML-DSA key is refused', () => {
  assert.throws(() => encodeMlDsaSeed('ML-DSA-44', randomBytes(31)), DerError);
  assert.throws(() => encodeMlDsaSeed('ML-DSA-45', randomBytes(32)), DerError);
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' });
  assert.throws(() => decodeMlDsaPublicKey(ec), DerError);
  const key = createPrivateKey({ key: encodeMlDsaSeed('ML-DSA-44', randomBytes(32)), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  assert.throws(() => decodeMlDsaPublicKey(spki.subarray(1)), DerError);
  assert.throws(() => decodeMlDsaPublicKey(Buffer.concat([spki, Buffer.of(0)])), DerError);
  const other = Buffer.from(spki);
  other[other.indexOf(Buffer.from('608648016503040311', 'hex')) + 8] = 0x12;
  assert.throws(() => decodeMlDsaPublicKey(other), DerError);
});
