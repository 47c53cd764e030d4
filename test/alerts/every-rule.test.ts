// Every rule over entries comes true of entries that the product has written: a rule that none of them fires is one that asks for
// what no entry says, and nobody would ever be told.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { type Custodian, makeCustodian } from '../../src/module/custodians.fixture.ts';
import { shareOf } from '../../src/module/packets.fixture.ts';
import { entriesOf, restoreBlob } from '../../src/module/restore-blob.fixture.ts';
import { recordAcceptance, refuseStore, settleHead } from '../../src/service/service-entries.ts';
import { refused } from '../../src/store/port.ts';
import { recordHostAct, recordOwnWatchAct } from '../../src/supervisor/record-host-act.ts';
import { readRules } from '../../src/watcher/alerts/rules.ts';
import { type LoggedEntry, readEntries } from '../support/audit-entries.ts';
import { firedAlerts } from '../support/fired-alerts.ts';
import { managementCaller } from '../support/management-caller.ts';
import { memoryAudit } from '../support/memory-audit.ts';
import { runControl } from '../support/running-control.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

/** What makes each come true. */
const FIRED_BY: Readonly<Record<string, readonly string[]>> = {
  'administrator-granted': ['InitialAdministratorsAssigned', 'RoleAssignmentCreate'],
  'administrator-removed': ['RoleAssignmentDelete'],
  'alert-silenced': ['AlertSilenced'],
  'attestation-authority-changed': ['AttestationAuthorityDistrust', 'AttestationAuthorityTrust'],
  'clock-moved': ['ClockTravel'],
  'duties-changed': ['SeparationSet'],
  'entries-missing': ['StoreHeadCompleted'],
  'failing-decryptions': ['KeyDecrypt'],
  'instance-purge-tried': [
    'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action',
    'Strongroom/instances/purge/action',
  ],
  'instance-stopped': ['Microsoft.KeyVault/managedHSMs/delete', 'Strongroom/instances/stop/action'],
  'key-can-leave': ['KeyCreate', 'KeyRestore'],
  'key-purge-tried': ['KeyPurge'],
  'management-role-changed': [
    'Microsoft.Authorization/roleAssignments/delete',
    'Microsoft.Authorization/roleAssignments/write',
  ],
  'missing-witness-accepted': ['MissingWitnessAccepted'],
  'network-opened': ['NetworkRulesChanged'],
  'private-endpoint-approved': ['NetworkRulesChanged'],
  'probing-address': ['KeyGet'],
  'probing-caller': ['KeyGet'],
  'release-policy-changed': ['KeyUpdate'],
  'restore-started': ['KeyRestore'],
  'role-changed': ['RoleDefinitionCreate', 'RoleDefinitionDelete'],
  'security-domain-downloaded': ['SecurityDomainBackup'],
  'security-domain-uploaded': ['SecurityDomainRestore'],
  'settings-changed': ['SettingsUpdate'],
  'store-refused': ['StoreRefused'],
  'unusual-volume': ['RandomBytesGet'],
};

const VERSION = '?api-version=7.6';
const PEOPLE = [randomUUID(), randomUUID()];
const ROLES = '/providers/Microsoft.Authorization';
let instance: RunningInstance;
let fresh: RunningInstance;
before(async () => {
  [instance, fresh] = await Promise.all([startRunningInstance({ alsoAdministrators: PEOPLE }), startRunningInstance()]);
});
after(() => Promise.all([instance, fresh].map((each) => each[Symbol.asyncDispose]())));

async function done(reply: Promise<Reply>): Promise<Readonly<Record<string, unknown>>> {
  const { status, text, json } = await reply;
  assert.ok(status >= 200 && status < 300, text);
  return (json ?? {}) as Readonly<Record<string, unknown>>;
}

const asAdmin = async (method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> =>
  done(instance.ask(method, path + VERSION, { token: await instance.adminToken(), body }));

/** All that an instance does with a key, a role, a setting and its network. */
async function ofAnInstance(): Promise<readonly LoggedEntry[]> {
  const user = randomUUID();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await instance.assign(role, user);
  const token = await instance.issuer.token(user);
  const ask = (method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> =>
    done(instance.ask(method, path + VERSION, { token, body }));

  const [definition, assignment] = [randomUUID(), randomUUID()];
  await asAdmin('PUT', `${ROLES}/roleDefinitions/${definition}`, {
    properties: {
      roleName: 'Reader',
      permissions: [{ dataActions: ['Microsoft.KeyVault/managedHsm/keys/read/action'] }],
    },
  });
  await asAdmin('DELETE', `${ROLES}/roleDefinitions/${definition}`);
  await asAdmin('PUT', `${ROLES}/roleAssignments/${assignment}`, {
    properties: {
      roleDefinitionId: `Microsoft.KeyVault${ROLES}/roleDefinitions/a290e904-7015-4bba-90c8-60543313cdb4`,
      principalId: randomUUID(),
    },
  });
  await asAdmin('DELETE', `${ROLES}/roleAssignments/${assignment}`);

  const policy = (tier: string): object => ({
    data: Buffer.from(
      `{"anyOf":[{"allOf":[{"claim":"tier","equals":"${tier}"}],"authority":"https://a.test/"}],"version":"1.0.0"}`,
    ).toString('base64url'),
  });
  const leaves = { kty: 'EC', key_ops: ['sign', 'export'], attributes: { exportable: true } };
  await ask('POST', '/keys/leaves/create', { ...leaves, release_policy: policy('gold') });
  await ask('PATCH', '/keys/leaves', { release_policy: policy('silver') });
  const { value } = await ask('POST', '/keys/leaves/backup');
  await ask('DELETE', '/keys/leaves');
  await ask('DELETE', '/deletedkeys/leaves');
  await ask('POST', '/keys/restore', { value });
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
  await asAdmin('PUT', '/strongroom/attestation-authorities/a', {
    authority: 'https://attest.example',
    jwks: { keys: [jwk] },
  });
  await asAdmin('DELETE', '/strongroom/attestation-authorities/a');
  await asAdmin('PATCH', '/settings/StrongroomMaxTagsPerKey', { value: '20' });

  const connection = { name: 'office', status: 'Pending' } as const;
  const shut = { bypass: 'None', defaultAction: 'Deny', ipRules: ['127.0.0.1/32'] } as const;
  const network = { ...OPEN_NETWORK, networkAcls: shut, privateEndpointConnections: [connection] };
  await instance.service.update({ network });
  await instance.service.update({
    network: { ...network, privateEndpointConnections: [{ ...connection, status: 'Approved' }] },
  });
  await instance.service.update({ network: OPEN_NETWORK });

  await ask('POST', '/keys/kek/create', { kty: 'RSA', key_size: 2048 });
  for (let n = 0; n < 30; n++) {
    const guess = { alg: 'RSA-OAEP-256', value: Buffer.concat([Buffer.of(0), randomBytes(255)]).toString('base64url') };
    assert.equal((await instance.ask('POST', `/keys/kek/decrypt${VERSION}`, { token, body: guess })).status, 400);
  }
  const stranger = await instance.issuer.token(randomUUID());
  for (let n = 0; n < 50; n++)
    assert.equal((await instance.ask('GET', `/keys/kek${VERSION}`, { token: stranger })).status, 403);
  await asAdmin('POST', '/strongroom/clock', { advanceSeconds: 60 });
  await separateDuties();
  return readEntries(instance);
}

/** One administrator asks for it, and another one agrees. */
async function separateDuties(): Promise<void> {
  const person = (at: number) => ({ idtyp: 'user', upn: `${at}@test`, scp: 'user_impersonation' });
  const [asks, agrees] = await Promise.all(PEOPLE.map((oid, at) => instance.issuer.token(oid, person(at))));
  const strict = () =>
    instance.ask('POST', `/strongroom/separation${VERSION}`, { token: asks, body: { mode: 'strict' } });
  const id = /approval approve ([0-9a-f-]{36})/.exec((await strict()).text)?.[1] ?? '';
  const body = { reason: 'as agreed' };
  await done(instance.ask('POST', `/approvals/${id}/approve${VERSION}`, { token: agrees, body }));
  await done(strict());
}

/** The security domain goes to another instance. */
async function ofADomain(): Promise<readonly LoggedEntry[]> {
  const custodians: readonly Custodian[] = await Promise.all([...'abc'].map((name) => makeCustodian(name)));
  const certificates = custodians.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const taken = await asAdmin('POST', '/securitydomain/download', { certificates, required: 2 });
  const document = String(taken['value']);
  const token = await fresh.adminToken();
  const { transfer_key: key } = await done(fresh.ask('GET', `/securitydomain/upload${VERSION}`, { token }));
  const { x5c } = JSON.parse(String(key)) as { readonly x5c: readonly string[] };
  const shares = custodians.slice(1).map((custodian) => shareOf(document, custodian));
  const blob = restoreBlob(entriesOf(document, shares), Buffer.from(x5c[0] ?? '', 'base64'));
  await done(fresh.ask('POST', `/securitydomain/upload${VERSION}`, { token, body: { value: JSON.stringify(blob) } }));
  return readEntries(fresh);
}

/** As a start records what is wrong, and the supervisor what it does and what the watcher did. */
async function ofTheMachine(): Promise<readonly LoggedEntry[]> {
  const audit = Object.assign(memoryAudit(), { lacking: () => Promise.resolve(1) });
  const log = { audit, config: instance.config };
  await recordAcceptance(log, 'Accepted for the drill.', { missing: ['log'] });
  const refusal = refused('the store is older than what was seen');
  await assert.rejects(refuseStore(log, refusal), refusal);
  await settleHead(log, { sequence: 7, hash: 'A'.repeat(43), entries: 1 }, 0);
  await recordHostAct(audit, { what: 'stop', instance: 'fin' });
  await recordHostAct(audit, { what: 'purge', instance: 'fin' });
  const detail = { rule: 'clock-moved', until: '2026-11-28T01:00:00.000Z', reason: 'a drill', acceptedBy: 'ana' };
  await recordOwnWatchAct(audit, { what: 'AlertSilenced', description: 'clock-moved is not told', detail });
  return audit.entries as readonly object[] as readonly LoggedEntry[];
}

async function ofTheManagementPlane(): Promise<readonly LoggedEntry[]> {
  await using control = await runControl();
  const admin = await managementCaller(control);
  const finish = async (method: string, path: string, body?: unknown): Promise<void> => {
    const { status, text } = await admin.finish(await admin.ask(method, path, body));
    assert.ok(status >= 200 && status < 300, text);
  };
  await finish('PUT', '/resourceGroups/rg', { location: 'local' });
  const hsm = '/resourceGroups/rg/providers/Microsoft.KeyVault/managedHSMs/fin';
  await admin.make(hsm);
  const assignment = `${hsm}${ROLES}/roleAssignments/${randomUUID()}`;
  const reader = `/subscriptions/${admin.subscription}${ROLES}/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`;
  const principalId = control.secrets.applications.consumer.oid;
  await finish('PUT', assignment, { properties: { roleDefinitionId: reader, principalId } });
  await finish('DELETE', assignment);
  await finish('DELETE', hsm);
  await finish('POST', '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/fin/purge');
  return control.audit.entries as readonly object[] as readonly LoggedEntry[];
}

/** Of one caller: one request, and a day later more than there ever were. Nobody waits a day: times are moved. */
async function ofABusyHour(): Promise<readonly LoggedEntry[]> {
  const user = randomUUID();
  await fresh.assign('Managed HSM Crypto User', user);
  const token = await fresh.issuer.token(user);
  const from = readEntries(fresh).length;
  const ask = () => done(fresh.ask('POST', `/rng${VERSION}`, { token, body: { count: 16 } }));
  for (let n = 0; n < 501; n += 50) await Promise.all(Array.from({ length: 50 }, ask));
  const [first, ...others] = readEntries(fresh).slice(from);
  assert.ok(first !== undefined);
  // Within one hour, whenever this runs.
  const later = new Date(Date.parse(String(first['time'])) + 30 * 3_600_000).toISOString();
  return [first, ...others.map((each) => ({ ...each, time: later }))];
}

test('each rule over entries comes true of what the product writes', { timeout: 120_000 }, async () => {
  const [domain, machine, management] = [await ofADomain(), await ofTheMachine(), await ofTheManagementPlane()];
  const all = [
    ...firedAlerts(await ofAnInstance()),
    ...[domain, machine, await ofABusyHour()].flatMap((entries) => firedAlerts(entries)),
    ...firedAlerts(management, '@management'),
  ];
  const found = new Map<string, Set<string>>();
  for (const { rule, of } of all) found.getOrInsertComputed(rule, () => new Set()).add(String(of['operationName']));
  assert.deepEqual(
    Object.fromEntries([...found].map(([rule, operations]) => [rule, [...operations].sort()])),
    FIRED_BY,
  );
  const rules = readRules().filter(({ kind }) => kind !== 'state' && kind !== 'metric');
  assert.deepEqual(
    rules.map(({ name }) => name).filter((name) => !found.has(name)),
    [],
  );
});
