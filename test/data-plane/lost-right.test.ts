// Whoever loses a right between the last byte of a request and the commit of what it asks for changes nothing: tried with every
// operation that is no GET. Each row of the product has to be here, as one that changes something or as one that does not.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { assignmentKind } from '../../src/features/roles/role-records.ts';
import { type Commit, type EntriesOf, NO_ENTRY } from '../../src/store/sealed/records.ts';
import { SealedRecords } from '../../src/store/sealed/sealed-records.ts';
import { rowTables } from '../garbage/row-tables.ts';
import { directoryUri } from '../support/backup-jobs.ts';
import { digestOf, makeCustodians, type TestCustodian } from '../support/custodians.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

interface Asked {
  /** Absent: the row's own. */
  readonly path?: string;
  readonly body?: unknown;
  /** Under the name, and with the token, by which the resource manager hands on. */
  readonly handedOn?: true;
}

const ARM = 'https://management.azure.com';
const ARM_NAME = 'test.resource-manager.internal';
const PERSON = { idtyp: 'user', upn: 'carol@test', scp: 'user_impersonation' };
type Plan = Parameters<Commit>[0];

const guid = '00000000-0000-4000-8000-0000000000aa';

let folder: string;
let instance: RunningInstance;
let custodians: readonly TestCustodian[];
let domain: string;
const caller = randomUUID();

/** The caller's, as they were committed. */
const assignments = new Map<string, Uint8Array>();
let losing: { records?: SealedRecords; revision: number } | undefined;
const update = Object.getOwnPropertyDescriptor(SealedRecords.prototype, 'update')?.value as SealedRecords['update'];
mock.method(SealedRecords.prototype, 'update', async function (this: SealedRecords, plan: Plan, entries?: EntriesOf) {
  if (losing !== undefined && losing.records === undefined) {
    losing.records = this;
    const removed = () => [...assignments.keys()].map((name) => ({ name, value: null }));
    const { sequence } = await update.call(this, removed, NO_ENTRY);
    losing.revision = sequence;
  }
  return update.call(
    this,
    () => {
      const changes = plan();
      for (const { name, value } of changes) {
        if (value === null || assignmentKind.idOf(name) === undefined) continue;
        if (Buffer.from(value).includes(caller)) assignments.set(name, value);
      }
      return changes;
    },
    entries,
  );
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-lost-right-'));
  instance = await startRunningInstance({ openStorage: faultyStorage(folder).open });
  const [name] = instance.config.hostNames;
  const [issuer] = instance.config.issuers;
  assert.ok(name !== undefined && issuer !== undefined);
  const armName = { ...name, authority: ARM_NAME, resource: ARM, kind: 'arm' as const };
  await instance.configure({
    hostNames: [...instance.config.hostNames, armName],
    issuers: [{ ...issuer, armAudiences: [ARM] }],
  });
  await instance.restart();
  custodians = await makeCustodians('Anna', 'Boris', 'Clara');
  const taken = await done('POST', '/securitydomain/download', { certificates: certificates(), required: 2 });
  domain = taken['value'] ?? '';
  await done('PATCH', '/settings/AllowKeyManagementOperationsThroughARM', { value: 'true' });
  const dataActions = [...new Set((await rowTables()).map(({ dataAction }) => dataAction))];
  const role = randomUUID();
  const properties = { roleName: 'everything', permissions: [{ dataActions }] };
  await done('PUT', `/providers/Microsoft.Authorization/roleDefinitions/${role}`, { properties });
  const roleDefinitionId = `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  for (const principalId of [instance.administrator, caller]) {
    const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    await done('PUT', path, { properties: { roleDefinitionId, principalId } });
  }
  for (const key of ['k', 'gone']) await done('POST', `/keys/${key}/create`, { kty: 'EC-HSM' });
  await done('PUT', '/keys/k/rotationpolicy', {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }],
  });
  await done('DELETE', '/keys/gone');
});
after(async () => {
  await instance[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const certificates = (): object[] => custodians.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
const jwk = (): object => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const parameters = (): object => ({ storageResourceUri: directoryUri(folder) });
const restore = (member: string) => (): Asked => ({ body: { sasTokenParameters: parameters(), [member]: 'mhsm-x' } });
const authority = async (): Promise<Asked> => {
  const { privateKey: _, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
  return { body: { authority: 'https://attest.example', jwks: { keys: [key] } } };
};
const challenge = async (): Promise<string> =>
  (await done('POST', '/securitydomain/custodians/challenges', { days: 1 }))['challenge'] ?? '';

/** By operation; absent path parameters are those of `PARAMS`. */
const CHANGES: Readonly<Record<string, () => Asked | Promise<Asked>>> = {
  SeparationSet: () => ({ body: { mode: 'strict' } }),
  // The right comes before the look at what is asked about.
  ApprovalApprove: () => ({ body: { reason: 'because it is right' } }),
  ApprovalReject: () => ({ body: { reason: 'because it is wrong' } }),
  ApprovalWithdraw: () => ({}),
  KeyCreateIfNotExists: () => ({ path: '/arm/keys/new', body: { properties: { kty: 'EC-HSM' } }, handedOn: true }),
  BackupCreate: () => ({ body: parameters() }),
  PreBackupCreate: () => ({ body: parameters() }),
  RestoreCreate: restore('folderToRestore'),
  PreRestoreCreate: restore('folderToRestore'),
  KeyRestoreFromBackup: restore('folder'),
  KeyImport: () => ({ body: { key: jwk() } }),
  CeremonyRecord() {
    const said = { id: randomUUID(), kind: 'recovery', domain: digestOf(domain) };
    return { body: { ...said, report: JSON.stringify(said) } };
  },
  ClockTravel: () => ({ body: { advanceSeconds: 60 } }),
  CustodianUpdate: () => ({ body: { name: 'Anna' } }),
  CustodianPacket: () => ({ body: { packet: JSON.parse(custodians[0]?.acknowledges(domain) ?? '') as unknown } }),
  CustodianChallengeCreate: () => ({ body: { days: 1 } }),
  KeyRestore: async () => ({ body: { value: (await done('POST', '/keys/k/backup'))['value'] } }),
  KeyDelete: () => ({}),
  KeyRecover: () => ({}),
  KeyPurge: () => ({}),
  KeyCreate: () => ({ body: { kty: 'EC-HSM' } }),
  KeyUpdate: () => ({ body: { tags: { a: 'b' } } }),
  KeyRotate: () => ({}),
  KeyRotationPolicySet: () => ({ body: { lifetimeActions: [] } }),
  RehearsalReachability: async () => ({ body: { challenge: await challenge(), finish: true } }),
  async RehearsalFile() {
    const body = { challenge: await challenge(), finish: true };
    const { record, note } = await done('POST', '/securitydomain/rehearsals/reachability', body);
    return { body: { record, note } };
  },
  AttestationAuthorityTrust: authority,
  AttestationAuthorityDistrust: () => ({}),
  RoleDefinitionCreate: () => ({ body: { properties: { roleName: 'r', permissions: [{ dataActions: [] }] } } }),
  RoleDefinitionDelete: () => ({}),
  RoleAssignmentCreate: () => ({
    body: {
      properties: {
        roleDefinitionId:
          'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/21dbd100-6940-42c2-9190-5d6cb909625b',
        principalId: randomUUID(),
      },
    },
  }),
  RoleAssignmentDelete: () => ({}),
  SecurityDomainBackup: () => ({ body: { certificates: certificates(), required: 2 } }),
  SecurityDomainReshare: () => ({ body: { certificates: certificates(), required: 2, domain, packets: [] } }),
  SettingsUpdate: () => ({ body: { value: 'false' } }),
};
/** What they answer is a value or a judgement. */
const CHANGE_NOTHING = new Set([
  ...['AccessCheck', 'AccessNetworkPlan', 'KeyBackup', 'KeyRelease', 'RandomBytesGet'],
  ...['KeyEncrypt', 'KeyDecrypt', 'KeyWrap', 'KeyUnwrap', 'KeySign', 'KeyVerify', 'KeySecureWrap', 'KeySecureUnwrap'],
]);
/** Taken by an instance that is not activated alone; below. */
const BEFORE_ACTIVATION = 'SecurityDomainRestore';
/** Definitions are written at the root alone, so nothing can be asked for at these. */
const REFUSED = /^\/keys\/.*roleDefinitions/;

const PARAMS: Readonly<Record<string, string>> = {
  ':name': 'k',
  ':guid': guid,
  ':approval': guid,
  ':authority': 'a',
  ':setting': 'AllowKeyManagementOperationsThroughARM',
};

for (const { operationName, method, path } of await rowTables()) {
  if (method === 'GET' || CHANGE_NOTHING.has(operationName) || operationName === BEFORE_ACTIVATION) continue;
  if (REFUSED.test(path)) continue;
  test(`${operationName}: ${method} ${path}`, async () => {
    const { path: asked, body, handedOn } = (await CHANGES[operationName]?.()) ?? assert.fail('it is not known here');
    const version = path.includes('/:version') ? await versionOf('k') : '';
    const filled = path.startsWith('/deletedkeys') ? path.replace(':name', 'gone') : path;
    const target = (asked ?? filled)
      .replace(':custodian', custodians[0]?.thumbprint ?? '')
      .replace(':version', version)
      .replaceAll(/:\w+/g, (param) => PARAMS[param] ?? assert.fail(param));
    await changesNothing(() => ask(method, target, body, handedOn));
  });
}

test(`${BEFORE_ACTIVATION}: POST /securitydomain/upload`, async () => {
  const active = instance;
  instance = await startRunningInstance({ alsoAdministrators: [caller] });
  try {
    await changesNothing(() => ask('POST', '/securitydomain/upload', { value: '{}' }));
  } finally {
    await instance[Symbol.asyncDispose]();
    instance = active;
  }
});

/** The caller's assignments go when the first commit that it asks for has its turn, and come back afterwards. */
async function changesNothing(asking: () => Promise<Reply>): Promise<void> {
  losing = { revision: 0 };
  const reply = await asking();
  const { records, revision } = losing;
  losing = undefined;
  assert.ok(records !== undefined, `nothing was to be committed: ${reply.status} ${reply.text}`);
  const { sequence } = records.head;
  await update.call(records, () => [...assignments].map(([name, value]) => ({ name, value })), NO_ENTRY);
  assert.equal(sequence, revision, 'something was committed');
  assert.equal(reply.status, 403, reply.text);
  assert.equal((reply.json as { error: { code: string } }).error.code, 'AccessDenied', reply.text);
}

async function ask(method: string, path: string, body: unknown, handedOn?: true): Promise<Reply> {
  const token = await instance.issuer.token(caller, { ...PERSON, ...(handedOn === undefined ? {} : { aud: ARM }) });
  const headers = handedOn === undefined ? {} : { headers: { host: ARM_NAME } };
  const sent = body === undefined ? {} : { body };
  return instance.ask(method, `${path}?api-version=7.6`, { token, ...headers, ...sent });
}

/** What has to be there first is made by somebody else. */
async function done(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, string>>> {
  const sent = body === undefined ? {} : { body };
  const reply = await instance.ask(method, `${path}?api-version=7.6`, { token: await instance.adminToken(), ...sent });
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
  return reply.json as Readonly<Record<string, string>>;
}

async function versionOf(key: string): Promise<string> {
  const { key: shown } = (await done('GET', `/keys/${key}`)) as unknown as { key: { kid: string } };
  return shown.kid.slice(shown.kid.lastIndexOf('/') + 1);
}
