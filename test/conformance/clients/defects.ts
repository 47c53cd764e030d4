// Shows what the stock JavaScript SDK does wrong by itself, whatever service it talks to. Prints a JSON line for each
// check; run by client-defects.test.ts.
import assert from 'node:assert/strict';
import { constants, createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';

const credential = new DefaultAzureCredential();
const keys = new KeyClient(process.env['AZURE_MANAGEDHSM_URI'] ?? '', credential);
const title = 'verifyData of PS256 says false to right signatures';

let error: string | undefined;
try {
  const key = await keys.createRsaKey(`js-defect-${randomBytes(3).toString('hex')}`, { hsm: true });
  const crypto = new CryptographyClient(key, credential);
  const data = Buffer.from('hello');
  const { result } = await crypto.signData('PS256', data);
  const [n, e] = [key.key?.n, key.key?.e].map((bytes) => Buffer.from(bytes ?? []).toString('base64url'));
  assert.ok(n !== undefined && e !== undefined);
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  assert.ok(verify('sha256', data, { key: publicKey, ...padding }, result));
  assert.equal((await crypto.verify('PS256', createHash('sha256').update(data).digest(), result)).result, true);
  // It checks by itself, with the padding of RS256.
  assert.equal((await crypto.verifyData('PS256', data, result)).result, false);
} catch (thrown) {
  error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
console.log(JSON.stringify({ check: title, error }));
