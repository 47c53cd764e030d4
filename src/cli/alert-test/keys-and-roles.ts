// What is done through the data plane: roles, keys, settings, authorities, and callers who are refused.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { ADMINISTRATOR, ARM_USER } from '../../features/roles/built-in-roles.ts';
import { assignRole, CRYPTO_USER } from '../../tools/ceremony/hsm.ts';
import { AnswerError } from '../instance-client.ts';
import type { Scenario, Scene } from './scene.ts';

const ROLES = '/providers/Microsoft.Authorization';
const QUARTER_S = 91 * 86_400;

const assignment = (role: string, principalId: string) => ({
  properties: { roleDefinitionId: `Microsoft.KeyVault${ROLES}/roleDefinitions/${role}`, principalId },
});
const policy = (tier: string) => ({
  data: Buffer.from(
    `{"anyOf":[{"allOf":[{"claim":"tier","equals":"${tier}"}],"authority":"https://a.test/"}],"version":"1.0.0"}`,
  ).toString('base64url'),
});
const ROTATED = {
  lifetimeActions: [{ action: { type: 'Rotate' }, trigger: { timeAfterCreate: 'P90D' } }],
  attributes: {},
};
const EXPORTABLE = { attributes: { exportable: true }, release_policy: policy('gold') };

const roles: Scenario = {
  fires: ['administrator-granted', 'administrator-removed', 'role-changed'],
  does: 'gave and took the Administrator role, changed a role definition',
  async run({ ask }) {
    const [definition, given] = [randomUUID(), randomUUID()];
    // Whoever has it may do what administrators may.
    const permissions = [{ dataActions: ['Microsoft.KeyVault/managedHsm/roleAssignments/write/action'] }];
    await ask('PUT', `${ROLES}/roleDefinitions/${definition}`, { properties: { roleName: 'Giver', permissions } });
    await ask('DELETE', `${ROLES}/roleDefinitions/${definition}`);
    await ask('PUT', `${ROLES}/roleAssignments/${given}`, assignment(ADMINISTRATOR, randomUUID()));
    await ask('DELETE', `${ROLES}/roleAssignments/${given}`);
  },
};

const keys: Scenario = {
  fires: ['key-can-leave', 'release-policy-changed', 'key-purge-tried', 'restore-started'],
  does: 'made, imported, rotated, purged and restored an exportable key, changed its release policy',
  async run(scene) {
    const { ask } = scene;
    await ask('POST', '/keys/leaves/create', { kty: 'EC', key_ops: ['sign', 'export'], ...EXPORTABLE });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { ...privateKey.export({ format: 'jwk' }), key_ops: ['sign', 'export'] };
    await ask('PUT', '/keys/imported', { key, ...EXPORTABLE });
    await ask('PUT', '/keys/leaves/rotationpolicy', ROTATED);
    await ask('POST', '/keys/leaves/rotate');
    await ask('PATCH', '/keys/leaves', { release_policy: policy('silver') });
    const { value } = (await ask('POST', '/keys/leaves/backup')) as { readonly value: string };
    await ask('DELETE', '/keys/leaves');
    await ask('DELETE', '/deletedkeys/leaves');
    await ask('POST', '/keys/restore', { value });
  },
};

const deployed: Scenario = {
  fires: ['key-can-leave', 'settings-changed'],
  does: 'allowed keys through the resource manager, and made an exportable one there',
  async run({ ask, admin, arm, hsm, clients }) {
    await ask('PATCH', '/settings/AllowKeyManagementOperationsThroughARM', { value: 'true' });
    await assignRole(admin, '', ARM_USER, clients.applications.owner.oid);
    const properties = {
      ...{ kty: 'EC-HSM', keyOps: ['sign', 'export'], attributes: { exportable: true } },
      release_policy: EXPORTABLE.release_policy,
    };
    await arm('PUT', `${hsm('dev')}/keys/deployed`, { properties });
  },
};

const timePasses: Scenario = {
  fires: ['administrator-removed', 'clock-moved', 'key-can-leave'],
  does: 'moved the clock of the HSM by 91 days, so that an assignment ended and a key was rotated',
  async run({ ask, admin }) {
    await ask('POST', '/keys/rotated/create', { kty: 'EC', key_ops: ['sign', 'export'], ...EXPORTABLE });
    await ask('PUT', '/keys/rotated/rotationpolicy', ROTATED);
    const path = `${ROLES}/roleAssignments/${randomUUID()}?api-version=7.6`;
    await admin.send('PUT', path, assignment(ADMINISTRATOR, randomUUID()), { 'x-strongroom-expires': 'P30D' });
    await ask('POST', '/strongroom/clock', { advanceSeconds: QUARTER_S });
  },
};

const authority: Scenario = {
  fires: ['attestation-authority-changed'],
  does: 'trusted an attestation authority, and dropped it',
  async run({ ask }) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
    const path = '/strongroom/attestation-authorities/a';
    await ask('PUT', path, { authority: 'https://attest.example', jwks: { keys: [jwk] } });
    await ask('DELETE', path);
  },
};

/** @throws Error: it was not refused so */
async function refused(asked: Promise<unknown>, status: number): Promise<void> {
  const answer = await asked.then(
    () => 200,
    (error: unknown) => (error instanceof AnswerError ? error.status : Promise.reject(error as Error)),
  );
  if (answer !== status) throw new Error(`it was answered ${answer}, not ${status}`);
}

async function times(count: number, ask: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 10) await Promise.all(Array.from({ length: Math.min(10, count - n) }, ask));
}

const guesses: Scenario = {
  fires: ['failing-decryptions'],
  does: 'asked 30 times to decrypt what is no ciphertext',
  async run({ ask, admin }) {
    await ask('POST', '/keys/kek/create', { kty: 'RSA', key_size: 2048 });
    const guess = () => ({
      alg: 'RSA-OAEP-256',
      value: Buffer.concat([Buffer.of(0), randomBytes(255)]).toString('base64url'),
    });
    await times(30, () => refused(ask('POST', '/keys/kek/decrypt', guess()), 400));
    await refused(ask('POST', '/keys/kek/unwrapkey', guess()), 400);
    await refused(admin.ask('POST', '/keys/kek/secureunwrapkey?api-version=2026-01-01-preview', guess()), 400);
  },
};

const probing: Scenario = {
  fires: ['probing-address', 'probing-caller'],
  does: 'asked 50 times for keys as somebody without a role',
  async run({ client }) {
    const stranger = client('bob');
    await times(50, () => refused(stranger.ask('GET', '/keys/kek?api-version=7.6'), 403));
  },
};

const MORE_HOURS = 30;
const volume: Scenario = {
  fires: ['unusual-volume'],
  does: 'made 510 requests in an hour, of a caller who had made a few a day before (what the watcher had learnt was made a day older)',
  async run(scene) {
    const { admin, state } = scene;
    const { ask } = scene.client(undefined, undefined, true);
    await assignRole(admin, '', CRYPTO_USER, scene.clients.applications.admin.oid);
    const request = () => ask('POST', '/rng?api-version=7.6', { count: 16 });
    await times(2, request);
    await scene.until(() => Object.keys(state()?.volumes ?? {}).length > 0, 15_000);
    await scene.changeLearnt((kept) => {
      for (const each of Object.values(kept.volumes)) Object.assign(each, { hour: each.hour - MORE_HOURS });
    });
    await times(510, request);
  },
};

export const keysAndRoles: readonly Scenario[] = [
  roles,
  keys,
  deployed,
  authority,
  timePasses,
  guesses,
  probing,
  volume,
];

/** Duties are separated last: afterwards the administrator of the test may do little by itself. */
export const duties: Scenario = {
  fires: ['duties-changed'],
  does: 'had one administrator ask for the separation of duties, and another one agree',
  async run({ admin, client, clients }: Scene) {
    for (const { oid } of [clients.users.alice, clients.users.bob]) await assignRole(admin, '', ADMINISTRATOR, oid);
    const separate = () => client('alice').ask('POST', '/strongroom/separation?api-version=7.6', { mode: 'strict' });
    const said = await separate().then(() => '', String);
    const [, id = ''] = /approval approve ([0-9a-f-]{36})/.exec(said) ?? [];
    await client('bob').ask('POST', `/approvals/${id}/approve?api-version=7.6`, { reason: 'a test of the alerts' });
    await separate();
  },
};
