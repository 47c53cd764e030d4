import assert from 'node:assert/strict';
import { test } from 'node:test';
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
