import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { DerError } from './der.ts';
import { decodePkcs8, encodeEcPkcs8, encodeRsaPkcs8 } from './pkcs8.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'der', type: 'pkcs8' });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey.export({ format: 'der', type: 'pkcs8' });

test('keys as OpenSSL writes them come out as they went in', () => {
  const readRsa = decodePkcs8(rsa);
  assert.ok(readRsa.kty === 'RSA');
  assert.deepEqual(encodeRsaPkcs8(readRsa.rsa), rsa);
  for (const namedCurve of ['P-256', 'secp256k1', 'P-384', 'P-521']) {
    const der = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'der', type: 'pkcs8' });
    const read = decodePkcs8(der);
    assert.ok(read.kty === 'EC');
    assert.deepEqual(encodeEcPkcs8(read.ec), der);
  }
});

test('any numbers survive the way to DER and back, without their leading zeros', () => {
  const number = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(fc.tuple(number, number, number, number, number, number, number, number), (all) => {
      const [n, e, d, p, q, dp, dq, qi] = all;
      const read = decodePkcs8(encodeRsaPkcs8({ n, e, d, p, q, dp, dq, qi }));
      assert.ok(read.kty === 'RSA');
      const value = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
      assert.deepEqual(Object.values(read.rsa).map(value), all.map(value));
    }),
  );
});

test('whatever is changed, it decodes to something of one form or is refused, and never reads past the end', () => {
  for (const good of [rsa, ec]) {
    fc.assert(
      fc.property(
        fc.nat({ max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.nat({ max: 20 }),
        (at, mask, cut) => {
          const bad = Buffer.from(good.subarray(0, good.length - cut));
          if (at < bad.length) bad[at] = (bad[at] as number) ^ mask;
          try {
            decodePkcs8(bad);
          } catch (error) {
            assert.ok(error instanceof DerError);
          }
        },
      ),
      { numRuns: 500 },
    );
  }
});

test('bytes after the key are refused, but for as many zeros as are allowed', () => {
  const withRest = (...rest: number[]): Buffer => Buffer.concat([ec, Buffer.from(rest)]);
  assert.throws(() => decodePkcs8(withRest(0)), DerError);
  assert.equal(decodePkcs8(withRest(0, 0), 7).kty, 'EC');
  assert.throws(() => decodePkcs8(withRest(0, 1), 7), DerError);
  assert.throws(() => decodePkcs8(withRest(0, 0, 0, 0, 0, 0, 0, 0), 7), DerError);
});

test('keys of other kinds are refused', () => {
  for (const type of ['ed25519', 'x25519'] as const) {
    const other = generateKeyPairSync(type as 'ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
    assert.throws(() => decodePkcs8(other), DerError);
  }
  const traditional = createPrivateKey({ key: rsa, format: 'der', type: 'pkcs8' }).export({
    format: 'der',
    type: 'pkcs1',
  });
  assert.throws(() => decodePkcs8(traditional), DerError);
});
