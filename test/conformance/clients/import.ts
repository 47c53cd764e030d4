// Imports, backs up and restores through the stock JavaScript SDK as the environment says, and prints a JSON line for each
// check. Run by import.test.ts in a process of its own.
import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, type JsonWebKey, KeyClient } from '@azure/keyvault-keys';

const uri = process.env['AZURE_MANAGEDHSM_URI'] ?? '';
const credential = new DefaultAzureCredential();
const keys = new KeyClient(uri, credential);
const name = `js-in-${randomBytes(3).toString('hex')}`;

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

/** The SDK takes members as bytes. */
function sdkJwk(jwk: object, more: object = {}): JsonWebKey {
  const members = Object.entries(jwk).map(([member, value]): [string, unknown] =>
    member === 'kty' || member === 'crv' ? [member, value] : [member, Buffer.from(value as string, 'base64url')],
  );
  return { ...Object.fromEntries(members), ...more } as JsonWebKey;
}

await check('imports RSA', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const jwk = sdkJwk(pair.privateKey.export({ format: 'jwk' }), { keyOps: ['decrypt', 'sign'] });
  const key = await keys.importKey(`${name}-rsa`, jwk, { hardwareProtected: true, tags: { from: 'js' } });
  assert.equal(key.keyType, 'RSA-HSM');
  const secret = randomBytes(32);
  const sealed = publicEncrypt({ key: pair.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, secret);
  const opened = await new CryptographyClient(key, credential).decrypt('RSA-OAEP', sealed);
  assert.deepEqual(Buffer.from(opened.result), secret);
});

await check('imports EC', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const key = await keys.importKey(`${name}-ec`, sdkJwk(pair.privateKey.export({ format: 'jwk' })));
  assert.equal(key.keyType, 'EC-HSM');
  const digest = createHash('sha384').update('x').digest();
  const { result } = await new CryptographyClient(key, credential).sign('ES384', digest);
  assert.ok(verify('sha384', Buffer.from('x'), { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, result));
});

await check('imports a symmetric key', async () => {
  const key = await keys.importKey(`${name}-oct`, {
    kty: 'oct-HSM',
    k: randomBytes(32),
    keyOps: ['encrypt', 'decrypt'],
  });
  assert.equal(key.keyType, 'oct-HSM');
  assert.equal(key.key?.k, undefined);
});

await check('backs up and restores', async () => {
  const before = await keys.getKey(`${name}-ec`);
  const blob = await keys.backupKey(`${name}-ec`);
  assert.ok(blob !== undefined && blob.length > 1000);
  await assert.rejects(keys.restoreKeyBackup(blob), { statusCode: 409 });
  await (await keys.beginDeleteKey(`${name}-ec`)).pollUntilDone();
  await assert.rejects(keys.restoreKeyBackup(blob), { statusCode: 409 });
  await keys.purgeDeletedKey(`${name}-ec`);
  const restored = await keys.restoreKeyBackup(blob);
  assert.equal(restored.id, before.id);
  assert.deepEqual(restored.properties.createdOn, before.properties.createdOn);
  await assert.rejects(keys.restoreKeyBackup(Buffer.from('nonsense')), { code: 'MalformedBackupBlob' });
});
