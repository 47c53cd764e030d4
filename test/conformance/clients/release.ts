// Releases keys through the stock JavaScript SDK, and prints a JSON line for each check. Run by release.test.ts, which
// has the service trust the authority of TARGET and names the files that the checks need.
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DefaultAzureCredential } from '@azure/identity';
import { KeyClient } from '@azure/keyvault-keys';
import { openRelease } from '../../../src/tools/release/open-release.ts';

const keys = new KeyClient(process.env['AZURE_MANAGEDHSM_URI'] ?? '', new DefaultAzureCredential());
const name = `js-release-${randomBytes(3).toString('hex')}`;
const read = (variable: string): Buffer => readFileSync(process.env[variable] ?? '');
const encodedPolicy = new Uint8Array(read('POLICY'));
const target = read('TARGET').toString('utf8').trim();
const enclave = createPrivateKey(read('ENCLAVE'));

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

await check('creates exportable keys with a policy', async () => {
  const made = await keys.createRsaKey(name, { exportable: true, hsm: true, releasePolicy: { encodedPolicy } });
  assert.equal(made.properties.exportable, true);
  const shown = made.properties.releasePolicy?.encodedPolicy ?? assert.fail('no policy');
  assert.deepEqual(JSON.parse(Buffer.from(shown).toString()), JSON.parse(Buffer.from(encodedPolicy).toString()));
  assert.equal(made.properties.releasePolicy?.immutable, false);
  await assert.rejects(keys.createRsaKey(`${name}-x`, { exportable: true, hsm: true }), { statusCode: 400 });
});

await check('releases', async () => {
  for (const algorithm of ['CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384'] as const) {
    const { value } = await keys.releaseKey(name, target, { algorithm, nonce: 'nonce-1' });
    const opened = openRelease(value, enclave);
    assert.equal(opened.nonce, 'nonce-1');
    const { n } = createPrivateKey({ key: opened.material, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
    const { key } = await keys.getKey(name);
    assert.deepEqual(Buffer.from(n ?? '', 'base64url'), Buffer.from(key?.n ?? []));
  }
});

await check('changes the policy, and fixes it', async () => {
  const changed = await keys.updateKeyProperties(name, { releasePolicy: { encodedPolicy, immutable: true } });
  assert.equal(changed.properties.releasePolicy?.immutable, true);
  const other = Buffer.from(Buffer.from(encodedPolicy).toString().replace('gold', 'tin'));
  const change = keys.updateKeyProperties(name, { releasePolicy: { encodedPolicy: other } });
  await assert.rejects(change, { statusCode: 400 });
  // That it is so from creation only a new version can say.
  const releasePolicy = { encodedPolicy, immutable: true };
  const again = await keys.createRsaKey(name, { exportable: true, hsm: true, releasePolicy });
  assert.notEqual(again.properties.version, changed.properties.version);
  assert.equal(again.properties.releasePolicy?.immutable, true);
});

await check('is refused without the claims', async () => {
  const other = Buffer.from(Buffer.from(encodedPolicy).toString().replace('gold', 'tin'));
  await keys.createOctKey(`${name}-tin`, { exportable: true, hsm: true, releasePolicy: { encodedPolicy: other } });
  await assert.rejects(keys.releaseKey(`${name}-tin`, target), { statusCode: 403, code: 'Forbidden' });
});
