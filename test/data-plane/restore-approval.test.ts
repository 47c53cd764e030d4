// Full restores where duties are separated, over raw HTTPS: a second administrator agrees to exactly one backup, and right after a
// quorum of custodians has recovered an HSM one person is enough.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import { openStorageBy } from '../../src/features/backup/storage/open-storage.ts';
import type { OpenStorage } from '../../src/features/backup/storage/port.ts';
import { type Custodian, makeCustodian } from '../../src/module/custodians.fixture.ts';
import { packetOf } from '../../src/module/packets.fixture.ts';
import { endOnRecord, readEntries } from '../support/audit-entries.ts';
import { backedUp, directoryUri, ended, succeeded } from '../support/backup-jobs.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const CRYPTO_OFFICER = '515eb02d-2335-4d2d-92f2-b1cbdf9c3778';
const HALF_AN_HOUR = 1801;
const ALICE = randomUUID();
const BOB = randomUUID();
const CAROL = randomUUID();
const why = { 'x-strongroom-reason': 'ticket 7' };

let time = Math.floor(Date.now() / 1000);
let folder: string;
let storage: string;
/** What is opened in its place, under its own name, from the second opening on. */
let exchanged: string | undefined;
let custodians: readonly Custodian[];
let document: string;
let home: RunningInstance;
const instances: RunningInstance[] = [];

/** A place that takes any SAS token. */
const openStorage: OpenStorage = async ({ storageResourceUri }, stopping) => {
  const open = openStorageBy({ targets: [{ uri: directoryUri(folder) }], profile: 'dev', nowMs: Date.now });
  const opened = await open({ storageResourceUri, credential: { kind: 'none' } }, stopping);
  if (exchanged === undefined) return opened;
  if (openings++ === 0) return opened;
  const other = await open({ storageResourceUri: exchanged, credential: { kind: 'none' } }, stopping);
  return Object.assign(opened, { read: other.read.bind(other) });
};
let openings = 0;

before(async () => {
  // The names of backups have hundredths of seconds: two that are made within one second get the same.
  const real = Date.now.bind(Date);
  mock.method(Date, 'now', () => Math.floor(real() / 1000) * 1000);
  folder = await mkdtemp(join(tmpdir(), 'strongroom-agreed-'));
  for (const name of ['one', 'two']) await mkdir(join(folder, name));
  storage = directoryUri(join(folder, 'one'));
  custodians = await Promise.all([...'abc'].map((name) => makeCustodian(name)));
  home = await start();
  const certificates = custodians.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const taken = await home.ask('POST', '/securitydomain/download?api-version=7.5', {
    token: await person(home, ALICE),
    body: { certificates, required: 2 },
  });
  assert.equal(taken.status, 202, taken.text);
  document = (taken.json as { value: string }).value;
});
after(async () => {
  await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true, force: true });
  mock.restoreAll();
});

async function start(options: Parameters<typeof startRunningInstance>[0] = {}): Promise<RunningInstance> {
  const instance = await startRunningInstance({
    separation: 'strict',
    alsoAdministrators: [ALICE, BOB, CAROL],
    systemNow: () => time,
    backupTargets: [{ uri: storage }],
    openStorage,
    ...options,
  });
  instances.push(instance);
  return instance;
}

const person = (at: RunningInstance, oid: string): Promise<string> => at.issuer.token(oid, { idtyp: 'user' });

/** Bob agrees where that is needed. */
async function grant(at: RunningInstance, principalId: string, definition: string): Promise<string> {
  const name = randomUUID();
  const token = await person(at, ALICE);
  const roleDefinitionId = `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${definition}`;
  const raw = Buffer.from(JSON.stringify({ properties: { roleDefinitionId, principalId } }));
  const make = (): Promise<Reply> =>
    at.ask('PUT', `${ASSIGNMENTS}/${name}?api-version=7.4`, { token, raw, headers: why });
  let made = await make();
  if (made.status === 403) {
    assert.equal((await decide(at, BOB, asked(made))).status, 200);
    made = await make();
  }
  assert.equal(made.status, 201, made.text);
  return name;
}

async function revoke(at: RunningInstance, by: string, name: string): Promise<void> {
  const token = await person(at, by);
  const gone = await at.ask('DELETE', `${ASSIGNMENTS}/${name}?api-version=7.4`, { token });
  assert.equal(gone.status, 200, gone.text);
}

interface Wanted {
  readonly place?: string;
  readonly sas?: string;
  readonly path?: string;
  readonly member?: 'folder' | 'folderToRestore';
}

async function restore(at: RunningInstance, by: string, name: string, wanted: Wanted = {}): Promise<Reply> {
  const { place = storage, sas, path = '/restore', member = 'folderToRestore' } = wanted;
  const sasTokenParameters = { storageResourceUri: place, ...(sas === undefined ? {} : { token: sas }) };
  const body = JSON.stringify({ sasTokenParameters, [member]: name });
  const token = await person(at, by);
  return at.ask('PUT', `${path}?api-version=7.6-preview.2`, { token, raw: Buffer.from(body), headers: why });
}

const backUp = async (at: RunningInstance, to = storage): Promise<string> => backedUp(at, await person(at, ALICE), to);

const decide = async (at: RunningInstance, by: string, id: string, verb = 'approve'): Promise<Reply> =>
  at.ask('POST', `/approvals/${id}/${verb}`, { token: await person(at, by), body: { reason: 'agreed' } });

interface Shown {
  readonly state: string;
  readonly description: string;
}
const show = async (at: RunningInstance, id: string): Promise<Shown> =>
  (await at.ask('GET', `/approvals/${id}`, { token: await person(at, CAROL) })).json as Shown;

/** The id of the approval that this refusal asks for. */
function asked(reply: Reply): string {
  assert.equal(reply.status, 403, reply.text);
  const { innererror } = (reply.json as { error: { innererror?: { code: string } } }).error;
  assert.equal(innererror?.code, 'ApprovalRequired', reply.text);
  const id = /approval approve ([0-9a-f-]{36}) --reason/.exec(reply.text)?.[1];
  assert.ok(id !== undefined, reply.text);
  return id;
}

function noteOf(at: RunningInstance, reply: Reply): string {
  const entry = readEntries(at).find(({ correlationId }) => correlationId === reply.headers['x-ms-request-id']);
  return String(entry?.['resultDescription']);
}

/** What the log says of the end of a restore, which is written down after the commit that ends it. */
async function endOf(at: RunningInstance, started: Reply): Promise<string> {
  const { jobId } = started.json as { readonly jobId: string };
  return String((await endOnRecord(at, 'RestoreEnd', jobId))['resultDescription']);
}

async function keysFor(at: RunningInstance, oid: string): Promise<number> {
  return (await at.ask('GET', '/keys?api-version=7.6', { token: await at.issuer.token(oid) })).status;
}

async function createKey(at: RunningInstance, by: string, name: string): Promise<void> {
  const token = await at.issuer.token(by);
  const made = await at.ask('POST', `/keys/${name}/create?api-version=7.6`, { token, body: { kty: 'oct-HSM' } });
  assert.equal(made.status, 200, made.text);
}

describe('an HSM that separates duties and is in use', () => {
  const user = randomUUID();
  /** Had a role when the backup was made. */
  const mallory = randomUUID();
  let name: string;
  before(async () => {
    for (const role of [CRYPTO_USER, CRYPTO_OFFICER]) await grant(home, user, role);
    await createKey(home, user, 'kept');
    const revoked = await grant(home, mallory, CRYPTO_USER);
    name = await backUp(home);
    await revoke(home, BOB, revoked);
    time += HALF_AN_HOUR;
  });

  test('a restore is asked for, approved by another administrator, and done by the same command, once', async () => {
    const first = await restore(home, ALICE, name, { sas: 'sig=first-secret' });
    const id = asked(first);
    const refusal = readEntries(home).find((each) => each.correlationId === first.headers['x-ms-request-id']);
    assert.ok(refusal?.['storeHead'] !== undefined, 'what was committed to ask is on record');
    assert.equal(await keysFor(home, mallory), 403);
    assert.equal(asked(await restore(home, ALICE, name, { sas: 'sig=second-secret' })), id, 'asked twice, it is one');
    const cut = { place: directoryUri(folder) };
    assert.equal(
      asked(await restore(home, ALICE, `one/${name}`, cut)),
      id,
      'the place has one name, however it is cut',
    );
    const shown = await show(home, id);
    assert.ok(
      shown.description.includes(`of 'test' of `) && shown.description.includes(`with 1 keys in ${storage}/${name}`),
    );
    assert.equal(JSON.stringify(shown).includes('secret'), false);

    assert.match((await decide(home, ALICE, id)).text, /SelfApproval/);
    const application = await home.ask('POST', `/approvals/${id}/approve`, {
      token: await home.issuer.token(BOB),
      body: { reason: 'x' },
    });
    assert.equal(application.status, 403, 'an application approves nothing');
    assert.equal((await decide(home, BOB, id)).status, 200);
    const ofCarol = asked(await restore(home, CAROL, name));
    assert.notEqual(ofCarol, id, 'who asked is part of it');
    assert.equal((await decide(home, BOB, ofCarol)).status, 200);

    const started = await restore(home, ALICE, name, { sas: 'sig=third-secret' });
    await succeeded(home, await person(home, ALICE), started);
    assert.match(noteOf(home, started), new RegExp(`Approved by ${BOB} \\(approval ${id}: agreed\\)`));
    assert.match(noteOf(home, started), new RegExp(`Approved by ${BOB}.*Reason: ticket 7`));
    assert.equal(await keysFor(home, mallory), 200, 'roles are those of the backup');
    assert.equal((await show(home, id)).state, 'used');
    assert.equal((await show(home, ofCarol)).state, 'expired', 'what was agreed to before is asked for anew');
    assert.notEqual(asked(await restore(home, ALICE, name)), id, 'an approval is good for one time');
    assert.equal(JSON.stringify(readEntries(home)).includes('-secret'), false);
  });

  test('an approval is for one backup: not for another folder, place, or what is put in its place', async () => {
    const two = directoryUri(join(folder, 'two'));
    const here = await backUp(home);
    await createKey(home, user, 'later');
    assert.equal(await backUp(home, two), here, 'the test is about two backups of one name');
    const id = asked(await restore(home, ALICE, here));
    assert.equal((await decide(home, BOB, id)).status, 200);
    assert.notEqual(asked(await restore(home, ALICE, here, { place: two })), id);
    assert.notEqual(asked(await restore(home, ALICE, name)), id);
    const exchange = async (): Promise<void> => {
      await rename(join(folder, 'one', here), join(folder, 'kept'));
      await rename(join(folder, 'two', here), join(folder, 'one', here));
      await rename(join(folder, 'kept'), join(folder, 'two', here));
    };
    await exchange();
    assert.notEqual(asked(await restore(home, ALICE, here)), id);
    await exchange();

    // Exchanged between the look and the job.
    [openings, exchanged] = [0, two];
    const started = await restore(home, ALICE, here);
    const job = await ended(home, await person(home, ALICE), started);
    exchanged = undefined;
    assert.equal(`${job.status} ${job.error?.code}`, 'Failed ApprovalRequired');
    assert.match(String(job.error?.message), /the backup in its place was exchanged/);
    assert.equal((await show(home, id)).state, 'approved', 'a restore that fails does not use it up');
    await succeeded(home, await person(home, ALICE), await restore(home, ALICE, here));
    assert.equal((await show(home, id)).state, 'used');
  });

  test('what cannot be read is told as without separation, and nobody is asked', async () => {
    const token = await person(home, ALICE);
    const missing = await ended(home, token, await restore(home, ALICE, 'mhsm-test-2020010100000000'));
    assert.equal(`${missing.status} ${missing.error?.code}`, 'Failed StorageNotFound');
    const malformed = await restore(home, ALICE, name, { place: `${storage}?sig=abc` });
    assert.equal(malformed.status, 202);
    const poll = new URL(String(malformed.headers['azure-asyncoperation'])).pathname;
    assert.equal((await home.ask('GET', poll, { token })).status, 400);
    const elsewhere = await restore(home, ALICE, name, { place: 'file:///elsewhere' });
    assert.match(elsewhere.text, /StorageNotAllowed/);
  });

  test('checking a backup and restoring one key bring back no roles, and take one person', async () => {
    const token = await person(home, ALICE);
    await succeeded(home, token, await restore(home, ALICE, name, { path: '/prerestore' }));
    const one = { path: '/keys/kept/restore', member: 'folder' } as const;
    const untouched = await succeeded(home, token, await restore(home, ALICE, name, one));
    assert.match(String(untouched.statusDetails), /restored: 0, .*could not overwrite: 1$/);
    const officer = await home.issuer.token(user);
    for (const [method, path] of [
      ['DELETE', '/keys/kept'],
      ['DELETE', '/deletedkeys/kept'],
    ] as const) {
      assert.ok((await home.ask(method, `${path}?api-version=7.6`, { token: officer })).status < 300, path);
    }
    await succeeded(home, token, await restore(home, ALICE, name, one));
  });
});

test('neither the mode nor a used approval goes back with a restore', async () => {
  const from = await start({ sameDomainAs: home, separation: 'azure' });
  const name = await backUp(from);
  const to = await start({ sameDomainAs: home });
  const alice = await person(to, ALICE);
  const id = asked(await restore(to, ALICE, name));
  assert.equal((await decide(to, BOB, id)).status, 200);
  await succeeded(to, alice, await restore(to, ALICE, name));
  for (let again = 0; again < 2; again++) {
    const mode = await to.ask('GET', '/strongroom/separation', { token: alice });
    assert.equal((mode.json as { mode: string }).mode, 'strict');
    assert.equal((await show(to, id)).state, 'used');
    await to.restart();
  }
  assert.notEqual(asked(await restore(to, ALICE, name)), id);
});

describe('an HSM that a quorum of custodians has recovered', () => {
  let name: string;
  before(async () => {
    name = await backUp(home);
  });

  async function recovered(): Promise<RunningInstance> {
    const instance = await start();
    const token = await person(instance, ALICE);
    const transfer = await instance.ask('GET', '/securitydomain/upload?api-version=7.5', { token });
    const { x5c } = JSON.parse((transfer.json as { transfer_key: string }).transfer_key) as { x5c: string[] };
    const to = Buffer.from(x5c[0] ?? '', 'base64');
    const packets = custodians.slice(0, 2).map((each) => packetOf(each, { transfer: to, document }));
    const body = { value: JSON.stringify({ domain: document, packets }) };
    const uploaded = await instance.ask('POST', '/securitydomain/upload?api-version=7.5', { token, body });
    assert.equal(uploaded.status, 202, uploaded.text);
    return instance;
  }

  test('is restored by one person, once', async () => {
    const instance = await recovered();
    const token = await person(instance, ALICE);
    // None of these changes anything that a backup holds.
    await succeeded(instance, token, await restore(instance, ALICE, name, { path: '/prerestore' }));
    await backUp(instance);
    const missing = await restore(instance, ALICE, 'mhsm-test-2020010100000000');
    assert.equal((await ended(instance, token, missing)).status, 'Failed');
    await instance.restart();
    time += 71 * 3600;
    const started = await restore(instance, ALICE, name);
    await succeeded(instance, token, started);
    assert.match(await endOf(instance, started), /No approval: custodians recovered this HSM \d{4}-/);
    await backUp(instance);
    time += HALF_AN_HOUR;
    asked(await restore(instance, ALICE, name));
  });

  test('takes two again once something was made in it, also if that is taken away', async () => {
    const instance = await recovered();
    await revoke(instance, ALICE, await grant(instance, randomUUID(), CRYPTO_USER));
    asked(await restore(instance, ALICE, name));
    await instance.restart();
    asked(await restore(instance, ALICE, name));
  });

  test('takes two again once it has stood by for three days', async () => {
    const instance = await recovered();
    time += 72 * 3600;
    asked(await restore(instance, ALICE, name));
  });
});
