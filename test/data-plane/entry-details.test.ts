// What entries of the log say that a request changed: for each kind of change, as an auditor reads it, refusals included,
// and never what is a secret.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readInstanceConfig } from '../../src/deployment/instance.ts';
import { NO_HEAD } from '../../src/formats/named-head.ts';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { detailMembers } from '../../src/http/entry-detail.ts';
import type { AuditLog } from '../../src/links/recorder/audit-log.ts';
import { recordAcceptance, refuseStore } from '../../src/service/service-entries.ts';
import { refused } from '../../src/store/port.ts';
import { endOnRecord, type LoggedEntry, readEntries } from '../support/audit-entries.ts';
import { directoryUri, startBackup, succeeded } from '../support/backup-jobs.ts';
import { firedAlerts } from '../support/fired-alerts.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const PROVIDER = '/providers/Microsoft.Authorization';
const DEFINITION_ID = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';
const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const KEYS = 'Microsoft.KeyVault/managedHsm/keys';
const WRITE_ROLES = 'Microsoft.KeyVault/managedHsm/roleAssignments/write/action';
const SECRET = 'vertraulich-7f3a';

let storage: string;
let instance: RunningInstance;
let admin: string;
let officer: string;

before(async () => {
  storage = await mkdtemp(join(tmpdir(), 'entry-details-'));
  instance = await startRunningInstance({ backupTargets: [{ uri: directoryUri(storage) }] });
  await instance.activate();
  admin = await instance.adminToken();
  const oid = randomUUID();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await instance.assign(role, oid);
  officer = await instance.issuer.token(oid);
});
after(async () => {
  await instance[Symbol.asyncDispose]();
  await rm(storage, { recursive: true });
});

const asAdmin = (method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token: admin, ...(body === undefined ? {} : { body }) });
const asOfficer = (method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token: officer, ...(body === undefined ? {} : { body }) });
const grant = (definition: string, principalId: string, name: string = randomUUID()): Promise<Reply> =>
  asAdmin('PUT', `/keys${PROVIDER}/roleAssignments/${name}`, {
    properties: { roleDefinitionId: DEFINITION_ID + definition, principalId, principalType: 'User' },
  });

/** What the newest entry of the operation was about. */
function newest(operationName: string): { entry: LoggedEntry; detail: Readonly<Record<string, unknown>> } {
  const entry = readEntries(instance).findLast((each) => each['operationName'] === operationName);
  assert.ok(entry !== undefined, operationName);
  const { detail } = entry['properties'] as { readonly detail?: Readonly<Record<string, unknown>> };
  assert.ok(detail !== undefined, `${operationName} says nothing`);
  for (const member of Object.keys(detail)) assert.ok(detailMembers.has(member), member);
  return { entry, detail };
}

function done(reply: Reply, status = 200): void {
  assert.equal(reply.status, status, reply.text);
}

test('an entry of a role assignment says which role whom was given, made, refused or deleted', async () => {
  const [principalId, name] = [randomUUID(), randomUUID()];
  done(await grant(CRYPTO_USER, principalId, name), 201);
  const made = {
    assignment: name,
    roleDefinitionId: CRYPTO_USER,
    roleName: 'Managed HSM Crypto User',
    administrative: false,
    principalId,
    principalType: 'User',
    scope: '/keys',
  };
  assert.deepEqual(newest('RoleAssignmentCreate').detail, made);

  const again = randomUUID();
  done(await grant(CRYPTO_USER, principalId, again), 400);
  const refused = newest('RoleAssignmentCreate');
  assert.equal(refused.entry['resultType'], 'Failed');
  assert.deepEqual(refused.detail, { ...made, assignment: again });

  done(await asAdmin('DELETE', `/keys${PROVIDER}/roleAssignments/${name}`));
  const { principalType: _notKept, ...kept } = made;
  assert.deepEqual(newest('RoleAssignmentDelete').detail, kept);
  done(await asAdmin('DELETE', `/keys${PROVIDER}/roleAssignments/${name}`), 404);
  assert.deepEqual(newest('RoleAssignmentDelete').detail, { assignment: name });
});

test('an entry of a role definition says which actions came and went', async () => {
  const name = randomUUID();
  const put = (roleName: string, dataActions: readonly string[]): Promise<Reply> =>
    asAdmin('PUT', `${PROVIDER}/roleDefinitions/${name}`, { properties: { roleName, permissions: [{ dataActions }] } });
  const [sign, verify] = [`${KEYS}/sign/action`, `${KEYS}/verify/action`];
  done(await put('Signer', [sign]), 201);
  const made = { roleDefinitionId: name, roleName: 'Signer', administrative: false };
  assert.deepEqual(newest('RoleDefinitionCreate').detail, { ...made, actionsAdded: [sign], actionsRemoved: [] });

  done(await put('Helper', [verify, WRITE_ROLES]), 201);
  assert.deepEqual(newest('RoleDefinitionCreate').detail, {
    ...made,
    ...{ roleName: 'Helper', administrative: true },
    ...{ actionsAdded: [verify, WRITE_ROLES], actionsRemoved: [sign] },
    changes: { roleName: { before: 'Signer', after: 'Helper' } },
  });

  done(await put('Managed HSM Administrator', [verify]), 400);
  assert.deepEqual(newest('RoleDefinitionCreate').detail['actionsRemoved'], [WRITE_ROLES]);
  done(await asAdmin('DELETE', `${PROVIDER}/roleDefinitions/${name}`));
  assert.deepEqual(newest('RoleDefinitionDelete').detail['actionsRemoved'], [verify, WRITE_ROLES]);
});

const policyOf = (tier: string): string =>
  Buffer.from(
    `{"anyOf":[{"allOf":[{"claim":"tier","equals":"${tier}"}],"authority":"https://a.test/"}],"version":"1.0.0"}`,
  ).toString('base64url');
const hashOf = (policy: string): string =>
  createHash('sha256').update(Buffer.from(policy, 'base64url')).digest('base64url');

test('an entry of a key that is made says what it is and may do, and of a change what was before', async () => {
  done(
    await asOfficer('POST', '/keys/leaves/create', {
      kty: 'EC',
      crv: 'P-384',
      key_ops: ['sign', 'export'],
      attributes: { exportable: true, exp: 2_000_000_000 },
      tags: { [SECRET.slice(0, 5)]: SECRET },
      release_policy: { data: policyOf('gold') },
    }),
  );
  assert.deepEqual(newest('KeyCreate').detail, {
    ...{ kty: 'EC-HSM', crv: 'P-384', key_ops: ['sign', 'export'], exportable: true },
    ...{ releasePolicyHash: hashOf(policyOf('gold')), immutable: false, enabled: true, exp: 2_000_000_000 },
    tags: [SECRET.slice(0, 5)],
  });

  done(
    await asOfficer('PATCH', '/keys/leaves', {
      key_ops: ['sign', 'verify', 'export'],
      attributes: { enabled: false },
      tags: { [SECRET.slice(0, 5)]: `${SECRET}-new`, more: SECRET },
      release_policy: { data: policyOf('silver'), immutable: true },
    }),
  );
  assert.deepEqual(newest('KeyUpdate').detail, {
    exportable: true,
    changes: {
      key_ops: { before: ['sign', 'export'], after: ['sign', 'verify', 'export'] },
      releasePolicyHash: { before: hashOf(policyOf('gold')), after: hashOf(policyOf('silver')) },
      immutable: { before: false, after: true },
      enabled: { before: true, after: false },
      tags: { added: ['more'], removed: [], changed: [SECRET.slice(0, 5)] },
    },
  });
  done(await asOfficer('PATCH', '/keys/leaves', { release_policy: { data: policyOf('lead') } }), 400);
  assert.deepEqual(newest('KeyUpdate').detail, { releasePolicyHash: hashOf(policyOf('lead')) });

  done(await asOfficer('POST', '/keys/kek/create', { kty: 'RSA', key_size: 3072 }));
  assert.equal(newest('KeyCreate').detail['key_size'], 3072);
  const privateKey = Buffer.alloc(32, 7).toString('base64url');
  done(await asOfficer('PUT', '/keys/brought', { key: { kty: 'oct-HSM', k: privateKey } }));
  const { key_size, source, exportable } = newest('KeyImport').detail;
  assert.deepEqual({ key_size, source, exportable }, { key_size: 256, source: 'plain-jwk', exportable: false });
  assert.ok(!JSON.stringify(readEntries(instance)).includes(privateKey));
});

test('rotation, deletion, purge and backup of a key say what came of them', async () => {
  done(await asOfficer('POST', '/keys/turning/create', { kty: 'oct', key_size: 128 }));
  const [first = ''] = String((newest('KeyCreate').entry as { key?: string }).key)
    .split('/')
    .slice(-1);
  const rotate = { action: { type: 'Rotate' }, trigger: { timeAfterCreate: 'P90D' } };
  done(await asOfficer('PUT', '/keys/turning/rotationpolicy', { lifetimeActions: [rotate], attributes: {} }));
  assert.deepEqual(newest('KeyRotationPolicySet').detail, {
    changes: { lifetimeActions: { before: null, after: ['Rotate timeAfterCreate P90D'] } },
  });
  done(await asOfficer('POST', '/keys/turning/rotate'));
  assert.equal(newest('KeyRotate').detail['previousVersion'], first);
  done(await asOfficer('POST', '/keys/turning/backup'));
  assert.equal(newest('KeyBackup').detail['versions'], 2);
  done(await asOfficer('DELETE', '/keys/turning'));
  const { scheduledPurgeDate } = newest('KeyDelete').detail;
  assert.match(String(scheduledPurgeDate), /^20\d\d-.*Z$/);
  done(await asOfficer('DELETE', '/deletedkeys/turning'), 204);
  const { versions, kty, ...purged } = newest('KeyPurge').detail;
  assert.deepEqual([versions, kty], [2, 'oct-HSM']);
  assert.equal(purged['scheduledPurgeDate'], scheduledPurgeDate);
});

test('an entry of a setting says what it was, of an address the origin; of a backup its place, without what opens it', async () => {
  done(await asAdmin('PATCH', '/settings/StrongroomMaxTagsPerKey', { value: '20' }));
  assert.deepEqual(newest('SettingsUpdate').detail, {
    setting: 'StrongroomMaxTagsPerKey',
    changes: { StrongroomMaxTagsPerKey: { before: '50', after: '20' } },
  });
  done(await asAdmin('PATCH', '/settings/StrongroomEventWebhook', { value: `no address, but ${SECRET}` }), 400);
  assert.deepEqual(newest('SettingsUpdate').detail, { setting: 'StrongroomEventWebhook' });
  await asAdmin('PATCH', '/settings/StrongroomEventWebhook', { value: `https://hooks.test/${SECRET}?key=${SECRET}` });
  const { changes } = newest('SettingsUpdate').detail as { changes: Record<string, unknown> };
  assert.deepEqual(changes['StrongroomEventWebhook'], { before: '', after: 'https://hooks.test/…' });

  const started = await startBackup(instance, admin, directoryUri(storage));
  const { jobId } = await succeeded(instance, admin, started);
  assert.deepEqual(newest('BackupCreate').detail, { job: jobId, storage: directoryUri(storage) });
  await endOnRecord(instance, 'BackupEnd', jobId);
  const end = newest('BackupEnd').detail;
  assert.deepEqual([end['job'], end['status']], [jobId, 'Succeeded']);
  done(await startBackup(instance, admin, `https://a.blob.core.windows.net/c?sv=1&sig=${SECRET}`), 202);
  assert.deepEqual(Object.keys(newest('BackupCreate').detail), ['job'], 'what does not read may be anything');
  const elsewhere = { storageResourceUri: 'https://a.blob.core.windows.net/c', token: `sv=1&sig=${SECRET}` };
  done(await asAdmin('POST', '/backup', elsewhere), 403);
  assert.deepEqual(newest('BackupCreate').detail, { storage: elsewhere.storageResourceUri });
});

test('an entry of network rules says what changed, and whether it opens something', async () => {
  const closed = (...ipRules: string[]) => ({
    ...OPEN_NETWORK,
    networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules } as const,
  });
  await instance.service.update({ network: closed('127.0.0.1/32') });
  const shut = newest('NetworkRulesChanged').detail;
  assert.deepEqual([shut['opens'], shut['rangesAdded']], [false, ['127.0.0.1/32']]);
  await instance.service.update({ network: closed('127.0.0.1/32', '10.0.0.0/8') });
  const wider = newest('NetworkRulesChanged').detail;
  assert.deepEqual([wider['opens'], wider['rangesAdded'], wider['changes']], [true, ['10.0.0.0/8'], {}]);
  await instance.service.update({ network: OPEN_NETWORK });
  const { opens, changes } = newest('NetworkRulesChanged').detail as {
    opens: boolean;
    changes: Record<string, object>;
  };
  assert.equal(opens, true);
  assert.deepEqual(changes['defaultAction'], { before: 'Deny', after: 'Allow' });
});

test('an entry of the security domain names domain, quorum and custodians, and the instance who administers at first', () => {
  const { domainFingerprint, required, custodians } = newest('SecurityDomainBackup').detail;
  assert.match(String(domainFingerprint), /^[0-9a-f]{64}$/);
  assert.deepEqual([required, (custodians as string[]).length], [2, 3]);
  assert.deepEqual(newest('InitialAdministratorsAssigned').detail, {
    ...{ roleDefinitionId: ADMINISTRATOR, roleName: 'Managed HSM Administrator', administrative: true },
    ...{ principalIds: [instance.administrator], scope: '/' },
  });
  const { changes } = newest('PromisesMade').detail as { changes: Record<string, object> };
  assert.deepEqual(changes['profile'], { before: null, after: 'dev' });
});

test('alerts tell their entries from all others, each from one entry', async () => {
  const name = randomUUID();
  done(await grant(ADMINISTRATOR, randomUUID(), name), 201);
  done(await asAdmin('DELETE', `/keys${PROVIDER}/roleAssignments/${name}`));
  done(await asOfficer('DELETE', '/keys/leaves'));
  done(
    await instance.ask('DELETE', '/deletedkeys/leaves?api-version=7.6', {
      token: await instance.issuer.token(randomUUID()),
    }),
    403,
  );
  // As az begins: who asks without a token is nobody yet.
  done(await instance.ask('DELETE', '/deletedkeys/leaves?api-version=7.6'), 401);
  const { operationName, decision } = readEntries(instance).at(-1) ?? {};
  assert.deepEqual([operationName, decision], ['KeyPurge', 'unauthenticated']);
  const entries = [...readEntries(instance), ...(await entriesOfStarts())];
  const fired = firedAlerts(entries);
  const found = new Map<string, readonly string[]>();
  for (const { rule, of } of fired) {
    const told = [of['operationName'], of['resultType'], of['scope'] ?? ''].join(' ');
    found.set(rule, [...(found.get(rule) ?? []), told]);
  }
  assert.deepEqual(Object.fromEntries(found), {
    'administrator-granted': [
      'InitialAdministratorsAssigned Success ',
      // Managed HSM Crypto Officer, who gives roles too.
      'RoleAssignmentCreate Success /',
      'RoleDefinitionCreate Success /',
      'RoleAssignmentCreate Success /keys',
    ],
    'administrator-removed': ['RoleDefinitionDelete Success /', 'RoleAssignmentDelete Success /keys'],
    'role-changed': [
      'RoleDefinitionCreate Success /',
      'RoleDefinitionCreate Success /',
      'RoleDefinitionDelete Success /',
    ],
    'key-can-leave': ['KeyCreate Success /keys'],
    'release-policy-changed': ['KeyUpdate Success /keys/leaves'],
    'network-opened': ['NetworkRulesChanged Success ', 'NetworkRulesChanged Success '],
    'key-purge-tried': ['KeyPurge Success /keys/turning', 'KeyPurge Failed /keys/leaves'],
    'security-domain-downloaded': ['SecurityDomainBackup Success /'],
    'settings-changed': ['SettingsUpdate Success /'],
    'missing-witness-accepted': ['MissingWitnessAccepted Success '],
    'store-refused': ['StoreRefused Failed '],
  });
});

/** As a start records them that an operator let go on, or that is refused. */
async function entriesOfStarts(): Promise<readonly LoggedEntry[]> {
  const entries: LoggedEntry[] = [];
  const audit: AuditLog = {
    isRecording: true,
    waiting: 0,
    append(text) {
      entries.push(JSON.parse(text) as LoggedEntry);
      return Promise.resolve();
    },
    newestHead: () => Promise.resolve(NO_HEAD),
    countsEntries: true,
    lacking: () => Promise.resolve(0),
    tree: () => Promise.resolve({ size: 0, root: Buffer.alloc(32) }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const config = readInstanceConfig(join(instance.folder, 'instances', 'test', 'instance.json'));
  const log = { audit, config };
  await recordAcceptance(log, 'Accepted for the drill.', { missing: ['log'] });
  const refusal = refused('the store is older than what was seen');
  await assert.rejects(refuseStore(log, refusal), refusal);
  return entries;
}

test('entries of key operations and of reading are as short as they were, and no secret is in any', async () => {
  done(await asOfficer('POST', '/keys/kek/encrypt', { alg: 'RSA-OAEP-256', value: 'AAAA' }));
  done(await asOfficer('GET', '/keys/kek'));
  for (const operationName of ['KeyEncrypt', 'KeyGet']) {
    const entry = readEntries(instance).findLast((each) => each['operationName'] === operationName);
    assert.deepEqual(entry?.['properties'], { PoolType: 'M-HSM', networkPath: 'direct' });
  }
  assert.ok(!JSON.stringify(readEntries(instance)).includes(SECRET));
});
