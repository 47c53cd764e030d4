// Deletes, recovers and purges through the stock JavaScript SDK, by its own pollers, and uses a key under the name of a
// vault. Prints a JSON line for each check; run by lifecycle.test.ts in a process of its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';

const uri = process.env['AZURE_MANAGEDHSM_URI'] ?? '';
const credential = new DefaultAzureCredential();
const keys = new KeyClient(uri, credential);
const name = `js-${randomBytes(3).toString('hex')}`;

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

const refused = (status: number, code: string) => (error: unknown) => {
  assert.equal((error as { statusCode?: number }).statusCode, status, String(error));
  assert.equal((error as { code?: string }).code, code);
  return true;
};

await check('deletes by poller', async () => {
  const made = await keys.createRsaKey(name, { hsm: true });
  const poller = await keys.beginDeleteKey(name, { intervalInMs: 50 });
  const deleted = await poller.pollUntilDone();
  assert.equal(deleted.name, name);
  const { deletedOn, recoveryId, scheduledPurgeDate, version } = deleted.properties;
  assert.equal(version, made.properties.version);
  assert.equal(recoveryId, `${uri}/deletedkeys/${name}`);
  assert.equal(Number(scheduledPurgeDate) - Number(deletedOn), 7 * 86_400_000);
  await assert.rejects(keys.getKey(name), refused(404, 'KeyNotFound'));
});

await check('lists and gets deleted', async () => {
  const names: string[] = [];
  for await (const key of keys.listDeletedKeys()) names.push(key.name);
  assert.ok(names.includes(name));
  assert.equal((await keys.getDeletedKey(name)).name, name);
});

await check('cannot make a key of that name', async () => {
  await assert.rejects(keys.createKey(name, 'EC'), refused(409, 'Conflict'));
});

await check('recovers by poller', async () => {
  const poller = await keys.beginRecoverDeletedKey(name, { intervalInMs: 50 });
  assert.equal((await poller.pollUntilDone()).name, name);
  assert.equal((await keys.getKey(name)).name, name);
  await assert.rejects(keys.getDeletedKey(name), refused(404, 'KeyNotFound'));
});

await check('uses the key under the name of a vault', async () => {
  const vault = new KeyClient(process.env['VAULT_URI'] ?? '', credential);
  const key = await vault.getKey(name);
  assert.equal(key.keyType, 'RSA');
  const crypto = new CryptographyClient(key, credential);
  const data = randomBytes(32);
  const { result } = await crypto.wrapKey('RSA-OAEP-256', data);
  assert.deepEqual(Buffer.from((await crypto.unwrapKey('RSA-OAEP-256', result)).result), data);
});

await check('purges', async () => {
  await (await keys.beginDeleteKey(name, { intervalInMs: 50 })).pollUntilDone();
  await keys.purgeDeletedKey(name);
  await assert.rejects(keys.getDeletedKey(name), refused(404, 'KeyNotFound'));
  assert.equal((await keys.createKey(name, 'EC')).keyType, 'EC-HSM');
});
