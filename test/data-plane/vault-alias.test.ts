// The name of a vault, for clients that know vaults only: off until an administrator turns it on, then the same keys with
// the type names of a vault, its own challenge and its own tokens, and nothing else of the HSM.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  type Reply,
  type RunningInstance,
  startRunningInstance,
  VAULT_AUDIENCE,
  VAULT_AUTHORITY,
} from '../support/running-instance.ts';

let instance: RunningInstance;
let user: string;
let hsmToken: string;
let vaultToken: string;
before(async () => {
  instance = await startRunningInstance({ vaultName: true });
  await instance.activate();
  user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  await instance.assign('Managed HSM Crypto Officer', user);
  hsmToken = await instance.issuer.token(user);
  vaultToken = await instance.issuer.token(user, { aud: VAULT_AUDIENCE });
});
after(() => instance[Symbol.asyncDispose]());

const atVault = (method: string, path: string, token: string | undefined, body?: unknown): Promise<Reply> =>
  instance.ask(method, path, { token, headers: { host: VAULT_AUTHORITY }, ...(body === undefined ? {} : { body }) });
const setAlias = async (value: string): Promise<Reply> =>
  instance.ask('PATCH', '/settings/StrongroomVaultAlias?api-version=7.4', {
    token: await instance.adminToken(),
    body: { value },
  });

test('while it is off the name is not answered, and the refusal says which setting turns it on', async () => {
  const reply = await atVault('GET', '/keys?api-version=7.4', vaultToken);
  assert.equal(reply.status, 421);
  assert.match(reply.text, /setting update --hsm-name \S+ --name StrongroomVaultAlias --value true/);
  assert.doesNotMatch(reply.text, /vault\.azure\.net/, 'it is none of its names');
  const foreign = await instance.ask('GET', '/keys?api-version=7.4', { headers: { host: 'x.vault.azure.net' } });
  assert.equal(foreign.status, 421);
  assert.doesNotMatch(foreign.text, /StrongroomVaultAlias/, 'another name stays none of ours whatever is set');
  const elsewhere = await instance.ask('GET', '/keys?api-version=7.4', { token: vaultToken });
  assert.equal(elsewhere.status, 401, "a vault's token is none for the HSM");
});

test('turned on, it has the challenge of a vault and takes the tokens of a vault only', async () => {
  assert.equal((await setAlias('true')).status, 200);
  const challenged = await atVault('GET', '/keys?api-version=7.4', undefined);
  assert.equal(challenged.status, 401);
  assert.match(String(challenged.headers['www-authenticate']), /resource="https:\/\/vault\.azure\.net"/);
  assert.equal((await atVault('GET', '/keys?api-version=7.4', hsmToken)).status, 401);
  assert.equal((await atVault('GET', '/keys?api-version=7.4', vaultToken)).status, 200);
  assert.equal((await instance.ask('GET', '/keys?api-version=7.4', { token: vaultToken })).status, 401);
});

test('the same keys are there under its name, with the types that such clients know', async () => {
  for (const [name, body] of [
    ['a-rsa', { kty: 'RSA' }],
    ['an-ec', { kty: 'EC' }],
    ['an-akp', { kty: 'AKP', alg: 'ML-DSA-44' }],
  ] as const) {
    const { kty } = body;
    const create = `/keys/${name}/create?api-version=2026-05-01-preview`;
    const made = await instance.ask('POST', create, { token: hsmToken, body });
    const hsm = made.json as { key: { kid: string; kty: string } };
    assert.equal(hsm.key.kty, `${kty}-HSM`);
    const shown = await atVault('GET', `/keys/${name}?api-version=7.4`, vaultToken);
    const vault = shown.json as { key: { kid: string; kty: string } };
    assert.deepEqual(vault.key, { ...hsm.key, kty, kid: hsm.key.kid.replace('managedhsm', 'vault') });
  }
  const path = '/keys/a-rsa';
  const value = Buffer.alloc(32, 7).toString('base64url');
  const wrapped = await atVault('POST', `${path}/wrapkey?api-version=7.4`, vaultToken, { alg: 'RSA-OAEP-256', value });
  assert.equal(wrapped.status, 200, wrapped.text);
  const unwrapped = await instance.ask('POST', `${path}/unwrapkey?api-version=7.4`, {
    token: hsmToken,
    body: { alg: 'RSA-OAEP-256', value: (wrapped.json as { value: string }).value },
  });
  assert.equal((unwrapped.json as { value: string }).value, value);
  const deleted = await atVault('DELETE', `${path}?api-version=7.4`, vaultToken);
  assert.equal((deleted.json as { recoveryId: string }).recoveryId, `https://${VAULT_AUTHORITY}/deletedkeys/a-rsa`);
  assert.equal((await atVault('POST', '/deletedkeys/a-rsa/recover?api-version=7.4', vaultToken)).status, 200);
});

test('what rules the HSM is not there under the name of a vault, whoever asks', async () => {
  const admin = await instance.issuer.token(instance.administrator, { aud: VAULT_AUDIENCE });
  for (const [method, path] of [
    ['GET', '/settings'],
    ['PATCH', '/settings/StrongroomVaultAlias'],
    ['GET', '/providers/Microsoft.Authorization/roleAssignments'],
    ['GET', '/keys/providers/Microsoft.Authorization/roleAssignments'],
    ['POST', '/securitydomain/download'],
    ['POST', '/strongroom/clock'],
  ] as const) {
    assert.equal((await atVault(method, `${path}?api-version=7.5`, admin, {})).status, 404, path);
  }
});

test('turned off again it is gone at once, also for tokens that were honoured before', async () => {
  assert.equal((await setAlias('false')).status, 200);
  assert.equal((await atVault('GET', '/keys?api-version=7.4', vaultToken)).status, 421);
});
