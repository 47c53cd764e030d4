import assert from 'node:assert/strict';
import { test } from 'node:test';
import { der, derObjectId, derUnsigned, OCTET_STRING, SEQUENCE } from '../../../formats/der.ts';
import { decodePkcs8 } from '../../../formats/pkcs8.ts';
import { engineContract } from '../engine.contract.ts';
import { loadLibcrypto } from './libcrypto.ts';
import { softwareEngine } from './software-engine.ts';

engineContract("the system's libcrypto", () => softwareEngine(loadLibcrypto()));
engineContract("node's own OpenSSL", () => softwareEngine(loadLibcrypto([])));

test('a library without ML-DSA makes and opens no such key, and says so', async () => {
  const library = loadLibcrypto();
  const engine = softwareEngine(library);
  const older = softwareEngine({ ...library, hasMlDsa: false });
  const { key, material } = await engine.generate({ kty: 'AKP-HSM', alg: 'ML-DSA-65' });
  key[Symbol.dispose]();
  const refused = { code: 'AlgorithmNotSupported', message: /^alg: ML-DSA needs OpenSSL 3\.5 or newer/ };
  assert.throws(() => older.generate({ kty: 'AKP-HSM', alg: 'ML-DSA-65' }), refused);
  assert.throws(() => older.open('AKP-HSM', material), refused);
});

test('an EC key whose material leaves the point out has the same public half', async () => {
  const engine = softwareEngine(loadLibcrypto());
  const { key, material } = await engine.generate({ kty: 'EC-HSM', curve: 'P-256' });
  const numbers = decodePkcs8(material);
  assert.ok(numbers.kty === 'EC');
  const ecPrivate = der(SEQUENCE, derUnsigned(Uint8Array.of(1)), der(OCTET_STRING, numbers.ec.d));
  const algorithm = der(SEQUENCE, derObjectId('2a8648ce3d0201'), derObjectId('2a8648ce3d030107'));
  const short = der(SEQUENCE, derUnsigned(Uint8Array.of(0)), algorithm, der(OCTET_STRING, ecPrivate));
  using opened = engine.open('EC-HSM', short);
  assert.deepEqual(opened.publicKey, key.publicKey);
  key[Symbol.dispose]();
});
