// Rotates keys and draws random bytes through the stock JavaScript SDK, and prints a JSON line for each check. Run by
// rotation.test.ts.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';

const credential = new DefaultAzureCredential();
const keys = new KeyClient(process.env['AZURE_MANAGEDHSM_URI'] ?? '', credential);
const name = `js-rotation-${randomBytes(3).toString('hex')}`;
const DAY = 86_400_000;

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

await check('finds no policy, and is refused a rotation', async () => {
  await keys.createRsaKey(name, { hsm: true, tags: { owner: 'payments' } });
  const none = await keys.getKeyRotationPolicy(name);
  assert.deepEqual([none.lifetimeActions ?? [], none.expiresIn], [[], '']);
  await assert.rejects(keys.rotateKey(name), { statusCode: 400, code: 'BadParameter' });
});

await check('sets and gets a policy', async () => {
  const policy = {
    expiresIn: 'P90D',
    lifetimeActions: [
      { action: 'Rotate' as const, timeAfterCreate: 'P2M' },
      { action: 'Notify' as const, timeBeforeExpiry: 'P20D' },
    ],
  };
  const asked = Math.floor(Date.now() / 1000) * 1000;
  const set = await keys.updateKeyRotationPolicy(name, policy);
  assert.equal(set.id, `keys/${name}/rotationpolicy`);
  assert.equal(set.expiresIn, 'P90D');
  assert.ok(set.createdOn instanceof Date && set.createdOn.getTime() >= asked && set.createdOn.getTime() <= Date.now());
  const got = await keys.getKeyRotationPolicy(name);
  assert.deepEqual(got, set);
  const actions = (got.lifetimeActions ?? []).map(({ action, timeAfterCreate, timeBeforeExpiry }) => ({
    action,
    ...(timeAfterCreate === undefined ? {} : { timeAfterCreate }),
    ...(timeBeforeExpiry === undefined ? {} : { timeBeforeExpiry }),
  }));
  assert.deepEqual(actions, policy.lifetimeActions);
});

await check('is refused a policy that rotates too soon', async () => {
  const soon = { expiresIn: 'P27D', lifetimeActions: [] };
  await assert.rejects(keys.updateKeyRotationPolicy(name, soon), { statusCode: 400, code: 'BadParameter' });
});

await check('rotates, and signs with the new version', async () => {
  const before = await keys.getKey(name);
  const after = await keys.rotateKey(name);
  assert.notEqual(after.properties.version, before.properties.version);
  assert.deepEqual([after.keyType, after.properties.tags], ['RSA-HSM', { owner: 'payments' }]);
  assert.notDeepEqual(after.key?.n, before.key?.n);
  const { createdOn, expiresOn } = after.properties;
  assert.equal((expiresOn?.getTime() ?? 0) - (createdOn?.getTime() ?? 0), 90 * DAY);
  const digest = createHash('sha256').update('hello').digest();
  const current = new CryptographyClient(`${after.id?.split('/').slice(0, -1).join('/')}`, credential);
  const { keyID } = await current.sign('RS256', digest);
  assert.equal(keyID, after.id);
});

await check('clears a policy', async () => {
  const cleared = await keys.updateKeyRotationPolicy(name, { lifetimeActions: [] });
  assert.deepEqual([cleared.lifetimeActions ?? [], cleared.expiresIn], [[], '']);
});

await check('draws random bytes', async () => {
  const [one, other] = await Promise.all([keys.getRandomBytes(128), keys.getRandomBytes(128)]);
  assert.ok(one instanceof Uint8Array);
  assert.equal(one.length, 128);
  assert.notDeepEqual(one, other);
  await assert.rejects(keys.getRandomBytes(129), { statusCode: 400, code: 'BadParameter' });
});
