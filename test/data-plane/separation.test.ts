// Separated duties over raw HTTPS: nobody gives a role to themselves, a second person approves exactly what is asked, once,
// reasons and ends are kept, and taking a right away waits for nobody.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { jwksOf, makeAuthority } from '../../src/tools/release/authority/issue-token.ts';
import { type LoggedEntry, readEntries } from '../support/audit-entries.ts';
import { makeCertificates } from '../support/custodian-certificates.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const PROVIDER = '/providers/Microsoft.Authorization';
const DEFINITION_ID = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';
const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const POLICY = '4bd23610-cdcf-4971-bdee-bdc562cc28e4';
const SIGN = 'Microsoft.KeyVault/managedHsm/keys/sign/action';
const READ_SETTINGS = 'Microsoft.KeyVault/managedHsm/settings/read/action';
const VERIFY = 'Microsoft.KeyVault/managedHsm/keys/verify/action';

const ALICE = randomUUID();
const BOB = randomUUID();
const CAROL = randomUUID();
const GROUP = randomUUID();
let offset = 0;
let instance: RunningInstance;

interface Grant {
  readonly principalId?: string;
  readonly definition?: string;
  readonly scope?: string;
  readonly name?: string;
  readonly principalType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const person = (oid: string, claims: object = {}): Promise<string> =>
  instance.issuer.token(oid, { idtyp: 'user', upn: `${oid.slice(0, 8)}@test`, scp: 'user_impersonation', ...claims });

async function grant(by: string, given: Grant): Promise<Reply> {
  const { principalId = randomUUID(), definition = CRYPTO_USER, scope = '', name = randomUUID() } = given;
  const { principalType, headers = {} } = given;
  const roleDefinitionId = DEFINITION_ID + definition;
  return instance.ask('PUT', `${scope}${PROVIDER}/roleAssignments/${name}?api-version=7.4`, {
    token: by,
    // As bytes: with a text, Node would encode the headers as it does the body.
    raw: Buffer.from(JSON.stringify({ properties: { roleDefinitionId, principalId, principalType } })),
    headers,
  });
}

const define = (by: string, name: string, properties: object): Promise<Reply> =>
  instance.ask('PUT', `${PROVIDER}/roleDefinitions/${name}?api-version=7.4`, { token: by, body: { properties } });

const decide = (by: string, id: string, verb: string, reason?: string): Promise<Reply> =>
  instance.ask('POST', `/approvals/${id}/${verb}`, { token: by, body: reason === undefined ? {} : { reason } });

const show = async (by: string, id: string): Promise<Record<string, never>> =>
  (await instance.ask('GET', `/approvals/${id}`, { token: by })).json as Record<string, never>;

function inner(reply: Reply): string | undefined {
  return (reply.json as { error?: { innererror?: { code?: string } } } | undefined)?.error?.innererror?.code;
}

function refused(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, reply.text);
  assert.equal(inner(reply), code, reply.text);
}

/** The id of the approval that this refusal asks for. */
function asked(reply: Reply): string {
  refused(reply, 403, 'ApprovalRequired');
  const id = /approval approve ([0-9a-f-]{36}) --reason/.exec(reply.text)?.[1];
  assert.ok(id !== undefined, reply.text);
  return id;
}

const why = { 'x-strongroom-reason': 'on call, see ticket 7' };

describe('an instance that separates duties', () => {
  let alice: string;
  let bob: string;
  let carol: string;
  before(async () => {
    instance = await startRunningInstance({
      separation: 'strict',
      alsoAdministrators: [ALICE, BOB, CAROL],
      systemNow: () => Date.now() / 1000 + offset,
    });
    assert.equal((await instance.ask('GET', '/keys', {})).status, 401);
    const first = await person(instance.administrator);
    await activate(instance, first);
    [alice, bob, carol] = await Promise.all([person(ALICE), person(BOB), person(CAROL)]);
  });
  after(() => instance[Symbol.asyncDispose]());

  test('an application administers nothing, whatever it was assigned', async () => {
    const application = await instance.adminToken();
    const denied = await grant(application, { headers: why });
    refused(denied, 403, 'PersonRequired');
    assert.match(denied.text, /holds no local role that counts for an application, as duties are separated here/);
    const read = await instance.ask('GET', '/keys?api-version=7.6', {
      token: await instance.issuer.token(randomUUID()),
    });
    assert.match(read.text, /holds no local role with this data action there/, 'what applications may have');
    assert.equal((await instance.ask('GET', '/approvals', { token: application })).status, 200, 'it may look');
    const app = randomUUID();
    const granted = await grant(alice, { principalId: app, definition: POLICY, principalType: 'ServicePrincipal' });
    refused(granted, 403, 'ApplicationGrant');
  });

  test('nobody gives a role to themselves, nor to a group that they are in', async () => {
    refused(await grant(alice, { principalId: ALICE, headers: why }), 403, 'SelfGrant');
    const member = await person(ALICE, { groups: [GROUP] });
    refused(await grant(member, { principalId: GROUP, headers: why }), 403, 'SelfGrant');
    assert.equal((await grant(alice, { principalId: GROUP, headers: why })).status, 201, 'of which she is no member');
  });

  test('whose groups the issuer left out gives no role alone, nor approves one', async () => {
    for (const claims of [{ _claim_names: { groups: 'src1' } }, { hasgroups: true }]) {
      const group = randomUUID();
      const without = await person(ALICE, claims);
      const wanted = { principalId: group, headers: why };
      const id = asked(await grant(without, wanted));
      refused(await decide(await person(BOB, claims), id, 'approve', 'ok'), 403, 'GroupsLeftOut');
      refused(await decide(await person(BOB, { groups: [group] }), id, 'approve', 'ok'), 403, 'SelfGrant');
      const withGroup = await person(ALICE, { groups: [group] });
      refused(await grant(withGroup, wanted), 403, 'SelfGrant');
      assert.equal((await decide(bob, id, 'approve', 'she is not in it')).status, 200);
      assert.equal((await grant(without, wanted)).status, 201);
      assert.notEqual(asked(await grant(without, { ...wanted, scope: '/keys' })), id);
    }
    const other = asked(await grant(alice, { definition: POLICY, headers: why }));
    const unsure = await person(BOB, { _claim_names: { groups: 'src1' } });
    assert.equal((await decide(unsure, other, 'reject', 'no')).status, 200, 'who says no gives nothing');
  });

  test('a grant says why, in a header or in the user agent, and the reason is shown and logged', async () => {
    const without = await grant(alice, {});
    refused(without, 403, 'ReasonRequired');
    assert.match(without.text, /x-strongroom-reason/);
    assert.match(without.text, /strongroom reason/);
    assert.match(without.text, /strongroom-reason\//);
    for (const headers of [
      { 'x-strongroom-reason': Buffer.from('für die Nacht', 'utf8').toString('latin1') },
      { 'user-agent': `az strongroom-reason/${Buffer.from('für die Nacht').toString('base64url')} x` },
    ]) {
      const made = await grant(alice, { headers });
      assert.equal(made.status, 201, made.text);
      const { properties } = made.json as { properties: { strongroom: unknown } };
      assert.deepEqual(properties.strongroom, { reason: 'für die Nacht' });
      const entry = readEntries(instance).find(
        ({ correlationId }) => correlationId === made.headers['x-ms-request-id'],
      );
      assert.match(String(entry?.['resultDescription']), /Reason: für die Nacht/);
    }
    for (const headers of [
      { 'x-strongroom-reason': 'x'.repeat(501) },
      { 'x-strongroom-reason': ' ' },
      { 'x-strongroom-reason': 'a\u00ffb' },
      { 'user-agent': 'az strongroom-reason/=' },
      { 'user-agent': 'az strongroom-reason/YQ strongroom-reason/Yg' },
      { 'user-agent': `az strongroom-reason/${Buffer.from('a\u202eb').toString('base64url')}` },
      { ...why, 'x-strongroom-expires': 'soon' },
      { ...why, 'x-strongroom-expires': '2020-01-01T00:00:00Z' },
      { ...why, 'x-strongroom-expires': 'P100Y' },
    ]) {
      assert.equal((await grant(alice, { headers })).status, 400, JSON.stringify(headers));
    }
  });

  test('an administrative grant is asked for, approved by another person, repeated, and succeeds once', async () => {
    const principalId = randomUUID();
    const wanted = { principalId, definition: POLICY, headers: why };
    const first = await grant(alice, wanted);
    const id = asked(first);
    const entry = readEntries(instance).find(({ correlationId }) => correlationId === first.headers['x-ms-request-id']);
    assert.ok(entry?.['storeHead'] !== undefined, 'what was committed to ask is on record');
    assert.equal(asked(await grant(alice, wanted)), id, 'asked twice, it is one approval');
    refused(await decide(alice, id, 'approve', 'I say so'), 403, 'SelfApproval');
    assert.equal((await decide(bob, id, 'approve')).status, 400, 'an approval has a reason');
    const approved = await decide(bob, id, 'approve', 'agreed on the phone');
    assert.equal(approved.status, 200, approved.text);
    assert.equal((await decide(carol, id, 'reject', 'too late')).status, 409);
    assert.notEqual(asked(await grant(carol, wanted)), id, 'who asked is part of it');
    const name = randomUUID();
    const made = await grant(alice, { ...wanted, name });
    assert.equal(made.status, 201, made.text);
    const log = readEntries(instance).find(({ correlationId }) => correlationId === made.headers['x-ms-request-id']);
    assert.match(
      String(log?.['resultDescription']),
      new RegExp(`Approved by ${BOB} .*agreed on the phone.*Reason: on call`),
    );
    const given = { roleDefinitionId: POLICY, administrative: true, principalId, scope: '/' };
    const detailOf = ({ properties }: LoggedEntry): unknown => (properties as { readonly detail?: unknown }).detail;
    assert.ok(log !== undefined && entry !== undefined);
    assert.partialDeepStrictEqual(detailOf(entry), given, 'what was asked for');
    assert.partialDeepStrictEqual(detailOf(log), { ...given, approval: id, approvedBy: BOB });
    const decided = readEntries(instance).findLast(({ operationName }) => operationName === 'ApprovalApprove');
    assert.ok(decided !== undefined);
    const recorded = { approval: id, requestedBy: ALICE, requestedOperation: 'putAssignment' };
    assert.partialDeepStrictEqual(detailOf(decided), { ...recorded, ...given });
    assert.equal((await show(alice, id))['state'], 'used');
    const gone = await instance.ask('DELETE', `${PROVIDER}/roleAssignments/${name}?api-version=7.4`, { token: carol });
    assert.equal(gone.status, 200, 'taking it away needs nobody else');
    assert.notEqual(asked(await grant(alice, wanted)), id, 'an approval is good for one time');
  });

  test('an approval is for exactly what was asked for', async () => {
    const principalId = randomUUID();
    const wanted: Grant = {
      principalId,
      definition: POLICY,
      scope: '/keys',
      headers: { ...why, 'x-strongroom-expires': 'P7D' },
    };
    const id = asked(await grant(alice, wanted));
    assert.equal((await decide(bob, id, 'approve', 'a week')).status, 200);
    for (const other of [
      { ...wanted, scope: '' },
      { ...wanted, scope: '/keys/one' },
      { ...wanted, principalId: randomUUID() },
      { ...wanted, definition: ADMINISTRATOR },
      { ...wanted, headers: { ...why, 'x-strongroom-expires': 'P8D' } },
      { ...wanted, headers: why },
    ]) {
      assert.notEqual(asked(await grant(alice, other)), id, JSON.stringify(other));
    }
    const made = await grant(alice, wanted);
    assert.equal(made.status, 201, made.text);
    assert.ok('expiresOn' in (made.json as { properties: { strongroom: object } }).properties.strongroom);
  });

  test('the reason of the approver is the one of the grant when the requester gave none', async () => {
    const wanted = { principalId: randomUUID(), definition: POLICY };
    const id = asked(await grant(alice, wanted));
    await decide(bob, id, 'approve', 'new in the team');
    const made = await grant(alice, wanted);
    const { properties } = made.json as { properties: { strongroom: unknown } };
    assert.deepEqual(properties.strongroom, { reason: 'new in the team' });
  });

  test('who would get the role does not approve it, nor an application, nor who may not give roles', async () => {
    const id = asked(await grant(alice, { principalId: BOB, definition: POLICY, headers: why }));
    refused(await decide(bob, id, 'approve', 'me'), 403, 'SelfGrant');
    const application = await instance.issuer.token(CAROL);
    assert.equal((await decide(application, id, 'approve', 'x')).status, 403);
    const user = randomUUID();
    await grant(alice, { principalId: user, headers: why });
    assert.equal((await decide(await person(user), id, 'approve', 'x')).status, 403);
    assert.equal((await decide(carol, id, 'approve', 'fine')).status, 200);
  });

  test('an approval ends with the right of the approver', async () => {
    const dave = randomUUID();
    const making = { principalId: dave, definition: POLICY, headers: why };
    await decide(bob, asked(await grant(alice, making)), 'approve', 'ok');
    const made = await grant(alice, making);
    const wanted = { principalId: randomUUID(), definition: POLICY, headers: why };
    const id = asked(await grant(alice, wanted));
    assert.equal((await decide(await person(dave), id, 'approve', 'ok')).status, 200);
    const { name } = made.json as { name: string };
    await instance.ask('DELETE', `${PROVIDER}/roleAssignments/${name}?api-version=7.4`, { token: carol });
    assert.notEqual(asked(await grant(alice, wanted)), id);
  });

  test('definitions are written and deleted by two, whatever name a client makes up for a new one', async () => {
    const properties = { roleName: 'Signers', permissions: [{ dataActions: [SIGN] }] };
    const id = asked(await define(alice, randomUUID(), properties));
    const shown = await show(bob, id);
    assert.match(JSON.stringify(shown['request']), /keys\/sign\/action/);
    assert.equal((await decide(bob, id, 'approve', 'ok')).status, 200);
    const other = { ...properties, permissions: [{ dataActions: [SIGN, VERIFY] }] };
    assert.notEqual(asked(await define(alice, randomUUID(), other)), id, 'the content is part of it');
    const name = randomUUID();
    const made = await define(alice, name, properties);
    assert.equal(made.status, 201, made.text);
    assert.equal((await define(alice, name, properties)).status, 201, 'written again as it is, nothing is changed');

    const change = asked(await define(alice, name, other));
    const path = `${PROVIDER}/roleDefinitions/${name}?api-version=7.4`;
    const removal = asked(await instance.ask('DELETE', path, { token: alice }));
    await decide(bob, removal, 'approve', 'not needed');
    await decide(bob, change, 'reject', 'no');
    assert.equal((await show(alice, change))['state'], 'rejected');
    assert.equal((await instance.ask('DELETE', path, { token: alice })).status, 200);
  });

  test('an approval to make a definition does not allow to change one', async () => {
    const make = async (roleName: string): Promise<string> => {
      const properties = { roleName, permissions: [{ dataActions: [SIGN] }] };
      await decide(bob, asked(await define(alice, randomUUID(), properties)), 'approve', 'ok');
      const name = randomUUID();
      assert.equal((await define(alice, name, properties)).status, 201);
      return name;
    };
    const existing = await make('Existing');
    const properties = { roleName: 'Renamed', permissions: [{ dataActions: [SIGN, VERIFY] }] };
    const id = asked(await define(alice, randomUUID(), properties));
    await decide(bob, id, 'approve', 'a new one');
    assert.notEqual(asked(await define(alice, existing, properties)), id);
  });

  test('an attestation authority is trusted by two; trust is taken away by one', async () => {
    const path = '/strongroom/attestation-authorities/enclaves?api-version=7.5';
    const body = { authority: 'https://attestation.test.localhost', jwks: jwksOf(makeAuthority('https://a')) };
    const trust = (wanted: object, headers = {}): Promise<Reply> =>
      instance.ask('PUT', path, { token: alice, raw: Buffer.from(JSON.stringify(wanted)), headers });
    const trusted = async (): Promise<number> => (await instance.ask('GET', path, { token: alice })).status;
    const first = await trust(body, why);
    const id = asked(first);
    const entry = readEntries(instance).find(({ correlationId }) => correlationId === first.headers['x-ms-request-id']);
    assert.ok(entry?.['storeHead'] !== undefined, 'what was committed to ask is on record');
    assert.equal(await trusted(), 404);
    const sha256 = createHash('sha256').update(JSON.stringify(body.jwks)).digest('hex');
    assert.match(String((await show(bob, id))['description']), new RegExp(`${body.authority} .*pinned.*${sha256}`));
    refused(await decide(alice, id, 'approve', 'me'), 403, 'SelfApproval');
    assert.equal((await decide(bob, id, 'approve', 'compared')).status, 200);
    for (const other of [
      { ...body, jwks: jwksOf(makeAuthority('https://a')) },
      { ...body, authority: 'https://b' },
    ]) {
      assert.notEqual(asked(await trust(other)), id, 'the keys and the authority are part of it');
    }
    const made = await trust(body, why);
    assert.equal(made.status, 200, made.text);
    const note = readEntries(instance).find(({ correlationId }) => correlationId === made.headers['x-ms-request-id']);
    assert.match(String(note?.['resultDescription']), new RegExp(`trusts .*Approved by ${BOB} .*Reason: on call`));
    assert.equal((await trust(body)).status, 200, 'written again as it is, nothing is changed');
    asked(await trust({ authority: body.authority, fetch: {} }));
    assert.equal((await instance.ask('DELETE', path, { token: alice })).status, 204);
    assert.notEqual(asked(await trust(body)), id, 'an approval is good for one time');
    assert.equal(await trusted(), 404);
  });

  test('a requester withdraws and sees the own approvals; others do not withdraw them', async () => {
    const id = asked(await grant(alice, { definition: POLICY, headers: why }));
    refused(await decide(bob, id, 'withdraw'), 403, 'NotRequester');
    assert.equal((await decide(alice, id, 'withdraw')).status, 200);
    assert.equal((await decide(bob, id, 'approve', 'x')).status, 409);
    const stranger = await person(randomUUID());
    assert.equal((await instance.ask('GET', `/approvals/${id}`, { token: stranger })).status, 403);
    assert.equal((await instance.ask('GET', '/approvals', { token: stranger })).status, 403);
    assert.equal((await instance.ask('GET', `/approvals/${randomUUID()}`, { token: alice })).status, 404);
    const listed = (await instance.ask('GET', '/approvals', { token: bob })).json as { value: { id: string }[] };
    assert.ok(listed.value.some((each) => each.id === id));
  });

  test('approvals and grants end by the clock', async () => {
    const late = { principalId: randomUUID(), definition: POLICY, headers: why };
    const unused = { principalId: randomUUID(), definition: POLICY, headers: why };
    const unanswered = asked(await grant(alice, late));
    const given = asked(await grant(alice, unused));
    await decide(bob, given, 'approve', 'ok');
    const user = randomUUID();
    const name = randomUUID();
    const made = await grant(alice, { principalId: user, name, headers: { ...why, 'x-strongroom-expires': 'PT1H' } });
    assert.equal(made.status, 201, made.text);
    const list = async (): Promise<number> =>
      (await instance.ask('GET', '/keys?api-version=7.6', { token: await instance.issuer.token(user) })).status;
    assert.equal(await list(), 200);
    offset += 3600;
    assert.equal(await list(), 403, 'from its second on');
    const again = await grant(alice, { principalId: user, headers: { ...why, 'x-strongroom-expires': 'PT1H' } });
    assert.equal(again.status, 201, "what has ended is in nobody's way");
    offset += 23 * 3600 + 1;
    const tooLate = await decide(bob, unanswered, 'approve', 'x');
    assert.equal(tooLate.status, 409);
    assert.match(tooLate.text, /is expired already; its requester repeats the request, which makes a new one/);
    assert.equal((await show(alice, given))['state'], 'expired');
    assert.notEqual(asked(await grant(alice, unused)), given);
    assert.notEqual(asked(await grant(alice, late)), unanswered);
  });

  test('the mode stays, whatever the configuration says', async () => {
    await instance.configure({ separation: 'azure' });
    await instance.restart();
    const shown = await instance.ask('GET', '/strongroom/separation', { token: alice });
    assert.equal((shown.json as { mode: string }).mode, 'strict');
    // What ended while the clock went on is removed, soon and with an entry.
    const ended = async (): Promise<readonly string[]> => {
      const left = await instance.ask('GET', `${PROVIDER}/roleAssignments?api-version=7.4`, { token: alice });
      return (left.json as { value: { properties: { strongroom?: { expiresOn?: string } } }[] }).value
        .map(({ properties }) => properties.strongroom?.expiresOn)
        .filter((end) => end !== undefined)
        .filter((end) => Date.parse(end) / 1000 <= Date.now() / 1000 + offset);
    };
    const isOnRecord = (): boolean =>
      readEntries(instance).some(({ operationName }) => operationName === 'RoleAssignmentExpire');
    for (const end = performance.now() + 90_000; (await ended()).length > 0 || !isOnRecord(); ) {
      assert.ok(performance.now() < end, `left: ${(await ended()).join()}, on record: ${isOnRecord()}`);
    }
  });
});

async function activate(on: RunningInstance, token: string): Promise<void> {
  const certificates = (await makeCertificates(3)).map((der) => ({ kty: 'RSA', x5c: [der] }));
  const body = { certificates, required: 2 };
  const taken = await on.ask('POST', '/securitydomain/download?api-version=7.5', { token, body });
  assert.equal(taken.status, 202, taken.text);
}

function idsOf(administrators: readonly string[]): readonly string[] {
  return [...administrators].sort();
}

test('two people who administer make an instance strict, and it stays so', async () => {
  await using open = await startRunningInstance({ alsoAdministrators: [ALICE] });
  await open.activate();
  const set = async (token: string, mode: string): Promise<Reply> =>
    open.ask('POST', '/strongroom/separation', { token, body: { mode } });
  const approve = (token: string, id: string): Promise<Reply> =>
    open.ask('POST', `/approvals/${id}/approve`, { token, body: { reason: 'agreed' } });
  const mode = async (): Promise<unknown> =>
    (await open.ask('GET', '/strongroom/separation', { token: await open.adminToken() })).json;
  const application = await open.adminToken();
  const alice = await open.issuer.token(ALICE, { idtyp: 'user' });
  const bob = await open.issuer.token(BOB, { idtyp: 'user' });
  refused(await set(application, 'strict'), 403, 'PersonRequired');
  assert.equal((await set(alice, 'azure')).status, 400);
  assert.equal((await set(await open.issuer.token(randomUUID(), { idtyp: 'user' }), 'strict')).status, 403);
  const id = asked(await set(alice, 'strict'));
  assert.equal(asked(await set(alice, 'strict')), id);
  refused(await approve(application, id), 403, 'PersonRequired');
  refused(await approve(alice, id), 403, 'SelfApproval');
  assert.deepEqual(
    await mode(),
    { mode: 'azure', administrators: 2, administratorIds: idsOf(open.config.initialAdministrators) },
    'a person and an application are not two people',
  );

  // How many they are is a setting; who they are is for those who may read assignments.
  const definition = randomUUID();
  const properties = { roleName: 'reads settings', permissions: [{ dataActions: [READ_SETTINGS] }] };
  const defined = await open.ask('PUT', `${PROVIDER}/roleDefinitions/${definition}?api-version=7.4`, {
    token: application,
    body: { properties },
  });
  assert.equal(defined.status, 201, defined.text);
  const onlooker = randomUUID();
  const given = await open.ask('PUT', `${PROVIDER}/roleAssignments/${randomUUID()}?api-version=7.4`, {
    token: application,
    body: { properties: { roleDefinitionId: DEFINITION_ID + definition, principalId: onlooker } },
  });
  assert.equal(given.status, 201, given.text);
  const token = await open.issuer.token(onlooker, { idtyp: 'user' });
  assert.deepEqual((await open.ask('GET', '/strongroom/separation', { token })).json, {
    mode: 'azure',
    administrators: 2,
  });

  // Who may decide on approvals, but would not be there for all that comes.
  await open.assign('Managed HSM Policy Administrator', BOB);
  const refusal = await approve(bob, id);
  assert.equal(refusal.status, 409, refusal.text);
  assert.match(refusal.text, new RegExp(`without an end.*${BOB} has not`));
  await open.assign('Managed HSM Administrator', BOB);
  assert.equal((await approve(bob, id)).status, 200);
  const { value } = (await open.ask('GET', `${PROVIDER}/roleAssignments?api-version=7.4`, { token: alice })).json as {
    value: readonly { name: string; properties: { principalId: string; roleDefinitionId: string } }[];
  };
  const ofBob = value.find(
    ({ properties }) => properties.principalId === BOB && properties.roleDefinitionId.endsWith(ADMINISTRATOR),
  );
  const removed = `${PROVIDER}/roleAssignments/${ofBob?.name}?api-version=7.4`;
  assert.equal((await open.ask('DELETE', removed, { token: application })).status, 200);
  const again = asked(await set(alice, 'strict'));
  assert.notEqual(again, id, 'it is worth nothing once its approver does not administer any more');
  await open.assign('Managed HSM Administrator', BOB);
  assert.equal((await approve(bob, again)).status, 200);
  const done = await set(alice, 'strict');
  assert.equal(done.status, 200, done.text);
  const strict = {
    mode: 'strict',
    administrators: 3,
    administratorIds: idsOf([...open.config.initialAdministrators, BOB]),
  };
  assert.deepEqual(done.json, strict);
  assert.equal((await set(application, 'strict')).status, 403, 'it administers nothing from then on');
  assert.equal((await set(bob, 'strict')).status, 200);
  assert.deepEqual(await mode(), strict);
  const entry = readEntries(open).find(
    ({ operationName, resultSignature }) => operationName === 'SeparationSet' && resultSignature === 'OK',
  );
  assert.match(String(entry?.['resultDescription']), new RegExp(`for good\\. Approved by ${BOB} .*agreed`));
});

test('one person who administers is always left, also where applications have the role', async () => {
  await using open = await startRunningInstance({ separation: 'strict', alsoAdministrators: [ALICE, BOB] });
  const [alice, bob] = await Promise.all([ALICE, BOB].map((oid) => open.issuer.token(oid, { idtyp: 'user' })));
  await activate(open, alice ?? '');
  const path = `${PROVIDER}/roleAssignments`;
  const listed = (await open.ask('GET', `${path}?api-version=7.4`, { token: alice })).json;
  const { value } = listed as { value: readonly { name: string; properties: { principalId: string } }[] };
  const remove = (token: string | undefined, of: string): Promise<Reply> => {
    const name = value.find(({ properties }) => properties.principalId === of)?.name ?? '';
    return open.ask('DELETE', `${path}/${name}?api-version=7.4`, { token: token ?? '' });
  };
  // Beside the two there is the instance's first administrator, of which only an application's tokens are ever seen.
  for (const [token, own] of [[alice, ALICE] as const, [bob, BOB] as const]) {
    const refusal = await remove(token, own);
    assert.equal(refusal.status, 409, refusal.text);
    assert.match(refusal.text, /Another such administrator/);
  }
  const policy = randomUUID();
  const put = (): Promise<Reply> =>
    open.ask('PUT', `${path}/${randomUUID()}?api-version=7.4`, {
      token: alice,
      body: { properties: { roleDefinitionId: DEFINITION_ID + POLICY, principalId: policy } },
      headers: why,
    });
  const approval = await open.ask('POST', `/approvals/${asked(await put())}/approve`, {
    token: bob,
    body: { reason: 'ok' },
  });
  assert.equal(approval.status, 200, approval.text);
  assert.equal((await put()).status, 201);
  const officer = await open.issuer.token(policy, { idtyp: 'user' });
  assert.equal((await remove(officer, BOB)).status, 409, 'who does not administer for good takes it from nobody');
  assert.equal((await remove(alice, BOB)).status, 200);
  assert.equal((await remove(alice, ALICE)).status, 409, 'the application that is left is no person');
  assert.equal((await remove(alice, open.administrator)).status, 200);
});

test('an instance is not made strict while an issuer does not tell people from programs', async () => {
  await using open = await startRunningInstance({ alsoAdministrators: [ALICE, BOB] });
  await open.activate();
  const [known] = open.config.issuers;
  assert.ok(known !== undefined);
  const unmarked = { ...known, issuers: ['https://id.example/'], claims: { objectId: 'sub', ids: 'derived' as const } };
  await open.configure({ issuers: [known, unmarked] });
  await open.restart();
  const token = await open.issuer.token(ALICE, { idtyp: 'user' });
  const refusal = await open.ask('POST', '/strongroom/separation', { token, body: { mode: 'strict' } });
  assert.equal(refusal.status, 409, refusal.text);
  assert.match(refusal.text, /issuers\[1\]\.claims\.personMark is missing/);
  const shown = await open.ask('GET', '/strongroom/separation', { token });
  assert.equal((shown.json as { mode: string }).mode, 'azure');
});

test('a production instance with two administrators separates duties', async () => {
  const given = { profile: 'production', separation: 'strict', alsoAdministrators: [ALICE] } as const;
  await using two = await startRunningInstance(given);
  const token = await two.issuer.token(ALICE, { idtyp: 'user' });
  await activate(two, token);
  const shown = await two.ask('GET', '/strongroom/separation', { token });
  const ids = idsOf(two.config.initialAdministrators);
  assert.deepEqual(shown.json, { mode: 'strict', administrators: 2, administratorIds: ids });
});
