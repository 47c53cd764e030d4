// Takes a key in use from its users through the stock JavaScript SDK, while the retirement guard enforces. Prints a JSON line for each
// check; run by retirement.test.ts in a process of its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';

const uri = process.env['AZURE_MANAGEDHSM_URI'] ?? '';
const credential = new DefaultAzureCredential();
const keys = new KeyClient(uri, credential);
const prefix = `strongroom-reason/${Buffer.from('moved to the next key').toString('base64url')}`;
const explaining = new KeyClient(uri, credential, { userAgentOptions: { userAgentPrefix: prefix } });

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

const inUse = (error: unknown): boolean => {
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
  assert.deepEqual([statusCode, code], [409, 'Conflict'], String(error));
  assert.match(
    message,
    /was used in the last 30 days by .*KeyWrap, 1 times.*key dependants retired.*x-strongroom-reason/,
  );
  return true;
};

await check('goes on as ever with a key that nobody used', async () => {
  const unused = await keys.createRsaKey('unused', { hsm: true });
  assert.equal((await keys.updateKeyProperties('unused', { enabled: false })).properties.enabled, false);
  assert.equal((await (await keys.beginDeleteKey('unused', { intervalInMs: 50 })).pollUntilDone()).name, unused.name);
});

await check('is refused a key in use, and told who uses it and how to go on', async () => {
  const key = await keys.createRsaKey('retired', { hsm: true });
  await new CryptographyClient(key, credential).wrapKey('RSA-OAEP-256', randomBytes(32));
  await assert.rejects(keys.updateKeyProperties('retired', { enabled: false }), inUse);
  await assert.rejects(keys.updateKeyProperties('retired', { expiresOn: new Date('2020-01-01') }), inUse);
  await assert.rejects(keys.beginDeleteKey('retired', { intervalInMs: 50 }), inUse);
  assert.equal((await keys.getKey('retired')).properties.enabled, true);
});

await check('goes on with a reason in its user agent', async () => {
  const { properties } = await explaining.updateKeyProperties('retired', { enabled: false });
  assert.equal(properties.enabled, false);
  await (await explaining.beginDeleteKey('retired', { intervalInMs: 50 })).pollUntilDone();
  await explaining.purgeDeletedKey('retired');
});
