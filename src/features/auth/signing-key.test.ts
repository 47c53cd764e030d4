import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ecKey, rsaKey } from './issuer.fixture.ts';
import { answeredSigningKeys, readSigningKeys } from './signing-key.ts';

const GOOD = rsaKey('good').jwk;

it('takes RSA and EC signing keys and binds each to its algorithms', () => {
  const keys = readSigningKeys({ keys: [GOOD, { ...GOOD, kid: 'ps', alg: 'PS256' }, ecKey('p384', 'P-384').jwk] });
  assert.deepEqual(keys.get('good')?.algorithms, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
  assert.deepEqual(keys.get('ps')?.algorithms, ['PS256']);
  assert.deepEqual(keys.get('p384')?.algorithms, ['ES384']);
});

it('leaves out keys that must not verify tokens', () => {
  const unusable = [
    { kty: 'oct', kid: 'oct', k: 'AAAA' },
    { ...GOOD, kid: 'enc', use: 'enc' },
    { ...GOOD, kid: 'hmac', alg: 'HS256' },
    { ...GOOD, kid: undefined },
    { ...GOOD, kid: 'broken', n: '!' },
    { ...rsaKey('weak', 'RS256', 1024).jwk },
    { ...ecKey('k1', 'secp256k1').jwk },
    { kty: 'EC', kid: 'off-curve', crv: 'P-256', x: 'AQ', y: 'AQ' },
    null,
    'text',
  ];
  assert.deepEqual([...readSigningKeys({ keys: [...unusable, GOOD] }).keys()], ['good']);
});

it('never takes the private half, even when the set has one', () => {
  const { privateKey, jwk } = rsaKey('leaked');
  const keys = readSigningKeys({ keys: [{ ...privateKey.export({ format: 'jwk' }), ...jwk }] });
  assert.equal(keys.get('leaked')?.key.type, 'public');
});

it('refuses sets that are none, that are empty of use, or that name two keys alike', () => {
  for (const set of [
    undefined,
    null,
    [],
    {},
    { keys: {} },
    { keys: [] },
    { keys: [{ kty: 'oct', kid: 'a', k: 'AA' }] },
  ]) {
    assert.throws(() => readSigningKeys(set));
  }
  assert.throws(() => readSigningKeys({ keys: [GOOD, GOOD] }), /same kid/);
  assert.throws(() => readSigningKeys({ keys: Array.from({ length: 101 }, (_, i) => ({ ...GOOD, kid: `${i}` })) }));
});

it('of what an issuer answers takes everything that is a set, without keys too, and neither of two of one name', () => {
  for (const keys of [[], [{ kty: 'oct', kid: 'a', k: 'AA' }], [GOOD, { ...rsaKey('good').jwk }], [GOOD, GOOD]]) {
    assert.equal(answeredSigningKeys({ keys }).size, 0);
  }
  const many = Array.from({ length: 101 }, (_, i) => ({ ...GOOD, kid: `${i}` }));
  assert.equal(answeredSigningKeys({ keys: many }).size, 101);
  for (const set of [undefined, null, [], {}, { keys: {} }]) assert.throws(() => answeredSigningKeys(set), /JWK Set/);
});
