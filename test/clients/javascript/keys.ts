// Microsoft's SDK for JavaScript: the life of keys of every type, and that it ends with the role. It is run from the folder
// where its newest release is; every method and algorithm is tried with the release that this repository pins.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { check, done, revoke } from './report.ts';

const SECRET = Buffer.from('a data key of thirty-two octets!');
const ALGORITHM = 'RSA-OAEP-256';
const REFUSED = { statusCode: 403 };
const credential = new DefaultAzureCredential();
const keys = new KeyClient(process.env['AZURE_MANAGEDHSM_URI'] ?? '', credential);
const using = (key: KeyVaultKey): CryptographyClient => new CryptographyClient(key.id ?? '', credential);

let first: CryptographyClient;
let wrapped: Uint8Array;
const opens = async (client: CryptographyClient): Promise<void> =>
  assert.deepEqual(Buffer.from((await client.unwrapKey(ALGORITHM, wrapped)).result), SECRET);

await check('creates keys', async () => {
  const rsa = await keys.createRsaKey('js-rsa', { hsm: true, keySize: 2048 });
  const ec = await keys.createEcKey('js-ec', { hsm: true, curve: 'P-256' });
  const aes = await keys.createOctKey('js-aes', { hsm: true, keySize: 256 });
  assert.deepEqual([rsa.keyType, ec.keyType, aes.keyType], ['RSA-HSM', 'EC-HSM', 'oct-HSM']);
  first = using(rsa);
});
await check('wraps and unwraps', async () => {
  ({ result: wrapped } = await first.wrapKey(ALGORITHM, SECRET));
  await opens(first);
});
await check('signs and verifies', async () => {
  const client = using(await keys.getKey('js-ec'));
  const digest = createHash('sha256').update(SECRET).digest();
  const { result } = await client.sign('ES256', digest);
  assert.equal((await client.verify('ES256', digest, result)).result, true);
});
await check('encrypts with AES', async () => {
  const client = using(await keys.getKey('js-aes'));
  const additionalAuthenticatedData = Buffer.from('row 17');
  const sealed = await client.encrypt({ algorithm: 'A256GCM', plaintext: SECRET, additionalAuthenticatedData });
  const { result: ciphertext, iv = Buffer.alloc(0), authenticationTag = Buffer.alloc(0) } = sealed;
  const parameters = { algorithm: 'A256GCM', ciphertext, iv, authenticationTag, additionalAuthenticatedData } as const;
  assert.deepEqual(Buffer.from((await client.decrypt(parameters)).result), SECRET);
});
await check('rotates, and an old version opens what it wrapped', async () => {
  await keys.updateKeyRotationPolicy('js-rsa', { expiresIn: 'P90D', lifetimeActions: [] });
  const rotated = await keys.rotateKey('js-rsa');
  await opens(first);
  await assert.rejects(opens(using(rotated)));
  const versions = await Array.fromAsync(keys.listPropertiesOfKeyVersions('js-rsa'));
  assert.equal(versions.length, 2);
});
await check('backs up and restores', async () => {
  const backup = await keys.backupKey('js-ec');
  await deleteAndPurge('js-ec');
  assert.equal((await keys.restoreKeyBackup(backup ?? new Uint8Array())).name, 'js-ec');
});
await check('deletes, recovers and purges', async () => {
  await (await keys.beginDeleteKey('js-aes', { intervalInMs: 100 })).pollUntilDone();
  await assert.rejects(keys.getKey('js-aes'), { statusCode: 404 });
  await (await keys.beginRecoverDeletedKey('js-aes', { intervalInMs: 100 })).pollUntilDone();
  await keys.getKey('js-aes');
  await deleteAndPurge('js-aes');
});
await check('is refused once its roles are gone', async () => {
  await revoke();
  await assert.rejects(opens(first), REFUSED);
  await assert.rejects(keys.getKey('js-rsa'), REFUSED);
});
done();

async function deleteAndPurge(name: string): Promise<void> {
  await (await keys.beginDeleteKey(name, { intervalInMs: 100 })).pollUntilDone();
  await keys.purgeDeletedKey(name);
}
