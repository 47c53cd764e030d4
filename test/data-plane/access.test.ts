// Why something was refused, over real connections: who may ask, what is told, and that nobody else learns anything.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessText } from '../../src/cli/commands/access/access-text.ts';
import { whoAnswer, whoText } from '../../src/cli/commands/access/who-text.ts';
import { endedBefore } from '../../src/features/access/ended-grants.ts';
import { findCall } from '../../src/features/access/find-entry.ts';
import type { AccessReport } from '../../src/features/access/report.ts';
import type { GrantToKey } from '../../src/features/access/who.ts';
import { type NetworkRules, OPEN_NETWORK, rulesAfter } from '../../src/formats/network-rules.ts';
import { readEntries } from '../support/audit-entries.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const DEFINITIONS = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';
const READ_KEY = 'Microsoft.KeyVault/managedHsm/keys/read/action';
let instance: RunningInstance;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
});
after(() => instance[Symbol.asyncDispose]());

const explain = async (trace: unknown, token?: string): Promise<Reply> =>
  instance.ask('GET', `/access/explanations/${String(trace)}?api-version=7.6`, {
    token: token ?? (await instance.adminToken()),
  });

test('a denial carries its trace in header and text, and who gives roles or reads settings is told why, and what would do', async () => {
  const consumer = randomUUID();
  const group = randomUUID();
  await instance.assign('Managed HSM Crypto User', group, '/keys/other');
  const token = await instance.issuer.token(consumer, { groups: [group] });
  const denied = await instance.ask('GET', '/keys/payroll?api-version=7.6', { token });
  assert.equal(denied.status, 403);
  const trace = denied.headers['x-strongroom-trace'];
  assert.equal(trace, denied.headers['x-ms-request-id']);
  assert.ok(denied.text.includes(`(Activity ID: ${String(trace)})`));
  // What it may know of is its own request, and not what others hold or could give.
  for (const secret of [group, instance.administrator, 'Crypto User', 'assignment'])
    assert.ok(!denied.text.includes(secret));

  const reply = await explain(trace);
  assert.equal(reply.status, 200, reply.text);
  const report = reply.json as AccessReport;
  assert.equal(report.cause, 'NoRole');
  assert.deepEqual(report.answer?.status, 403);
  assert.equal(report.who.objectId, consumer);
  assert.deepEqual(report.who.groups, [group]);
  assert.deepEqual(
    [report.what.dataAction, report.where.scope, report.where.address],
    [READ_KEY, '/keys/payroll', '127.0.0.1'],
  );
  const { explanation } = report;
  assert.deepEqual(
    explanation?.considered.map(({ verdict, through, scope }) => [verdict, through, scope]),
    [['coversOtherScope', group, '/keys/other']],
  );
  assert.equal(explanation?.nearest?.role, 'Managed HSM Crypto User');
  assert.deepEqual(explanation?.whoCanGrant, [instance.administrator]);
  assert.deepEqual(report.commands, [
    `az keyvault role assignment create --hsm-name test --role "Managed HSM Crypto User" --assignee-object-id ${consumer} --assignee-principal-type ServicePrincipal --scope /keys/payroll`,
  ]);

  await instance.assign('Managed HSM Crypto User', consumer, '/keys/payroll');
  const since = (await explain(trace)).json as AccessReport;
  assert.equal(since.cause, 'NoRole');
  assert.equal(since.explanation?.decision, 'allow');
  assert.ok(since.advice.some((line) => line.includes('it is allowed now')));
});

test('who could use a key is told to who may read its assignments, and how it was used to who may read the log', async () => {
  const [wraps, member, group, idle, reader] = [randomUUID(), randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const USER = 'Managed HSM Crypto User';
  await instance.assign(USER, wraps);
  await instance.assign(USER, group, '/keys');
  await instance.assign(USER, idle, '/keys/shared');
  await instance.assign('Managed HSM Crypto Auditor', reader);
  const tokens = [await instance.issuer.token(wraps), await instance.issuer.token(member, { groups: [group] })];
  const post = async (token: string | undefined, path: string, body: object): Promise<void> => {
    const { status, text } = await instance.ask('POST', `/keys/shared/${path}?api-version=7.6`, { token, body });
    assert.equal(status, 200, text);
  };
  await post(tokens[1], 'create', { kty: 'RSA-HSM' });
  const value = Buffer.alloc(32, 1).toString('base64url');
  await post(tokens[0], 'wrapkey', { alg: 'RSA-OAEP-256', value });
  await post(tokens[1], 'encrypt', { alg: 'RSA-OAEP-256', value });
  const list = async (token: string, key = 'shared'): Promise<Reply> =>
    instance.ask('GET', `/access/who/keys/${key}?api-version=7.6`, { token });
  const reply = await list(await instance.adminToken());
  assert.equal(reply.status, 200, reply.text);
  const { grants, looked } = reply.json as { grants: GrantToKey[]; looked?: object };
  const of = (principal: string | undefined): GrantToKey =>
    grants.find(({ principalId }) => principalId === principal) ?? assert.fail();
  assert.deepEqual(
    [wraps, group, idle].map((each) => [of(each).kind, of(each).inherited, of(each).canUse, of(each).usedHere?.count]),
    [
      ['caller', true, true, 1],
      ['group', true, true, 1],
      [undefined, false, true, undefined],
    ],
  );
  assert.deepEqual(of(group).callers, [member]);
  assert.ok(typeof of(idle).since === 'string' && of(idle).by === instance.administrator);
  assert.deepEqual(
    [of(wraps).narrower?.role, of(wraps).narrower?.scope, of(group).narrower?.scope, of(idle).narrower],
    ['Managed HSM Crypto Service Encryption User', '/keys/shared', '/keys', undefined],
  );
  assert.ok(looked !== undefined);
  // Reads the assignments, and not the log.
  const less = (await list(await instance.issuer.token(reader))).json as { grants: GrantToKey[]; looked?: object };
  assert.equal(less.looked, undefined);
  assert.ok(
    less.grants.length === grants.length && less.grants.every((each) => !('used' in each) && !('since' in each)),
  );
  assert.equal((await list(await instance.issuer.token(randomUUID()))).status, 403);
  const auditor = randomUUID();
  await instance.assign('Strongroom Auditor', auditor);
  const audited = await list(await instance.issuer.token(auditor));
  assert.equal(audited.status, 200, audited.text);
  assert.ok((audited.json as { looked?: object }).looked !== undefined);
  const none = await list(await instance.adminToken(), 'nosuch');
  assert.deepEqual([none.status, /Key not found: .*\/keys\/nosuch/.test(none.text)], [404, true]);
  const text = whoText(
    whoAnswer(reply.json, 'answer'),
    (id) => id,
    () => [],
    false,
  );
  for (const wanted of [/^PRINCIPAL +KIND +BY/, /unused$/m, /broader than used$/m, /Let in by .* says the log/])
    assert.match(text, wanted);
});

test('what the caller had held until shortly before is told to who may ask, with when it ended and by whom', async () => {
  const [consumer, group, stranger] = [randomUUID(), randomUUID(), randomUUID()];
  const admin = await instance.adminToken();
  const PROVIDER = '/providers/Microsoft.Authorization/roleAssignments';
  const give = async (principalId: string, scope: string, headers = {}): Promise<string> => {
    const path = `${scope}${PROVIDER}/${randomUUID()}?api-version=7.4`;
    const properties = { roleDefinitionId: `${DEFINITIONS}21dbd100-6940-42c2-9190-5d6cb909625b`, principalId };
    const made = await instance.ask('PUT', path, { token: admin, body: { properties }, headers });
    assert.equal(made.status, 201, made.text);
    return path;
  };
  const take = async (path: string): Promise<void> => {
    assert.equal((await instance.ask('DELETE', path, { token: admin })).status, 200);
  };
  await take(await give(stranger, '/keys/payroll'));
  await take(await give(group, '/keys/other'));
  await take(await give(consumer, '/keys/payroll'));
  await give(consumer, '/keys/short', { 'x-strongroom-expires': 'PT1H' });
  const travel = { token: admin, body: { advanceSeconds: 7200 } };
  assert.equal((await instance.ask('POST', '/strongroom/clock', travel)).status, 200);
  const isRemoved = (): boolean =>
    readEntries(instance).some(({ operationName }) => operationName === 'RoleAssignmentExpire');
  while (!isRemoved()) await instance.ask('GET', '/strongroom/clock', { token: admin });

  const token = await instance.issuer.token(consumer, { groups: [group] });
  const denied = await instance.ask('GET', '/keys/payroll?api-version=7.6', { token });
  assert.equal(denied.status, 403);
  const later = await give(consumer, '/keys/payroll');
  await take(later);
  const trace = String(denied.headers['x-strongroom-trace']);
  const report = (await explain(trace)).json as AccessReport;
  const { grants = [], gaveUp } = report.ended ?? {};
  assert.deepEqual(
    grants.map(({ role, scope, through, how, by, wouldAllow }) => [
      role,
      scope,
      through,
      how,
      by?.objectId,
      wouldAllow,
    ]),
    [
      ['Managed HSM Crypto User', '/keys/short', consumer, 'expired', undefined, false],
      ['Managed HSM Crypto User', '/keys/payroll', consumer, 'deleted', instance.administrator, true],
      ['Managed HSM Crypto User', '/keys/other', group, 'deleted', instance.administrator, false],
    ],
    'nothing of others, and nothing that ended after the call',
  );
  assert.ok(grants.every(({ at }) => at <= (report.time ?? '')));
  assert.equal(gaveUp, false);
  assert.match(report.advice[0] ?? '', /^A grant that would have allowed it had been taken away before: /);
  const text = accessText(report, (id) => id);
  assert.match(text, /\nended {5}3 among \d+ entries of the log around it\n/);
  assert.match(text, /at \/keys\/payroll was taken away \S+ by \S+; through .*; it would have allowed this\n/);
  assert.match(text, /at \/keys\/short came to its end \S+, as was said when it was given;/);

  const log = join(instance.folder, 'instances', 'test', 'audit');
  const { call } = await findCall(log, trace);
  assert.ok(call !== undefined);
  const roles = { definition: () => undefined, isWithheld: () => false };
  const none = await endedBefore(log, call, undefined, roles, 0);
  assert.deepEqual([none.grants, none.gaveUp], [[], true], 'no further than it may look');
  // Whoever may list the assignments of a scope learns of those that are, and nothing of what has been.
  const body = { principalId: consumer, dataAction: READ_KEY };
  const check = await instance.ask('POST', '/access/check/keys/payroll?api-version=7.6', { token: admin, body });
  assert.equal('ended' in (check.json as object), false);
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const refused = await explain(trace, await instance.issuer.token(user));
  assert.equal(refused.status, 403);
  assert.ok(!refused.text.includes(group) && !refused.text.includes('payroll'));
  assert.ok(!denied.text.includes('ended') && !denied.text.includes(group));
});

test('what the log says of others is not for everybody who uses keys; who gives roles is told of one call', async () => {
  const [user, keeper, office] = [randomUUID(), randomUUID(), randomUUID()];
  await instance.assign('Managed HSM Crypto User', user);
  await instance.assign('Managed HSM Policy Administrator', keeper);
  await instance.assign('Managed HSM Policy Administrator', office, '/keys');
  const denied = await instance.ask('GET', '/settings?api-version=7.6', { token: await instance.issuer.token(user) });
  const trace = denied.headers['x-strongroom-trace'];
  const rules = { defaultAction: 'Deny', ipRules: [] };
  const answers = async (oid: string): Promise<readonly number[]> => {
    const token = await instance.issuer.token(oid);
    const body = { days: 1, rules };
    const plan = await instance.ask('POST', '/access/network-plan?api-version=7.6', { token, body });
    return [(await explain(trace, token)).status, plan.status];
  };
  assert.deepEqual(await answers(user), [403, 403]);
  assert.deepEqual(await answers(keeper), [200, 403]);
  assert.deepEqual(await answers(office), [403, 403], 'at / only');
  assert.deepEqual(await answers(instance.administrator), [200, 200]);
});

test('whoever may not read what the log says gets the same refusal for every trace', async () => {
  const stranger = await instance.issuer.token(randomUUID());
  const denied = await instance.ask('GET', '/keys?api-version=7.6', { token: stranger });
  const known = await explain(denied.headers['x-strongroom-trace'], stranger);
  const unknown = await explain(randomUUID(), stranger);
  assert.deepEqual([known.status, unknown.status], [403, 403]);
  const plain = (reply: Reply): string => reply.text.replace(/Activity ID: [0-9a-f-]{36}/, '');
  assert.equal(plain(known), plain(unknown));
  assert.equal((await instance.ask('GET', `/access/explanations/${randomUUID()}?api-version=7.6`)).status, 401);
});

test('every worker finds it, and so does the next start', async () => {
  const denied = await instance.ask('GET', '/keys?api-version=7.6', {
    token: await instance.issuer.token(randomUUID()),
  });
  const trace = String(denied.headers['x-strongroom-trace']);
  const worker = await instance.startWorker();
  const path = `/access/explanations/${trace}?api-version=7.6`;
  const other = await instance.askAt(worker.port, 'GET', path, { token: await instance.adminToken() });
  await worker[Symbol.asyncDispose]();
  assert.equal((other.json as AccessReport).trace, trace);
  await instance.restart();
  assert.equal(((await explain(trace)).json as AccessReport).trace, trace);
});

test('other refusals are told apart from a role that is missing', async () => {
  const officer = randomUUID();
  await instance.assign('Managed HSM Crypto Officer', officer);
  await instance.assign('Managed HSM Crypto User', officer);
  const token = await instance.issuer.token(officer);
  const body = { kty: 'RSA-HSM', key_size: 2048, key_ops: ['sign'], attributes: { enabled: false } };
  assert.equal((await instance.ask('POST', '/keys/off/create?api-version=7.6', { token, body })).status, 200);
  const digest = Buffer.alloc(32).toString('base64url');
  const refused = await instance.ask('POST', '/keys/off/sign?api-version=7.6', {
    token,
    body: { alg: 'RS256', value: digest },
  });
  assert.equal(refused.status, 403, refused.text);
  const byRule = (await explain(refused.headers['x-strongroom-trace'])).json as AccessReport;
  assert.equal(byRule.cause, 'RefusedByRule');
  assert.equal(byRule.explanation, undefined);
  assert.match(byRule.advice[0] ?? '', /^A role allows it \(the assignment [0-9a-f-]{36}\)/);

  const closed = { bypass: 'None', defaultAction: 'Deny', ipRules: ['203.0.113.0/24'] } as const;
  await instance.service.update({ network: { ...OPEN_NETWORK, networkAcls: closed } });
  const outside = await instance.ask('GET', '/keys?api-version=7.6', { token });
  await instance.service.update({ network: OPEN_NETWORK });
  const byNetwork = (await explain(outside.headers['x-strongroom-trace'])).json as AccessReport;
  assert.equal(byNetwork.cause, 'NetworkRules');
  assert.deepEqual(byNetwork.who, {});
  assert.ok(byNetwork.advice.some((line) => line.includes('let in now')));

  const unproven = await instance.ask('GET', '/keys?api-version=7.6', { token: 'none' });
  const byToken = (await explain(unproven.headers['x-ms-request-id'])).json as AccessReport;
  assert.equal(byToken.cause, 'NotAuthenticated');
  const fine = await instance.ask('GET', '/keys/off?api-version=7.6', { token });
  assert.equal(((await explain(fine.headers['x-ms-request-id'])).json as AccessReport).cause, 'Allowed');
  const missing = await explain(randomUUID());
  assert.equal(missing.status, 404);
  assert.equal((await explain('x')).status, 400);
});

test('a trace that somebody writes into another field of the log is not found by it', async () => {
  const forged = randomUUID();
  await instance.ask('GET', '/keys?api-version=7.6', { headers: { 'user-agent': `"correlationId":"${forged}"` } });
  assert.equal((await explain(forged)).status, 404);
});

test('groups are on record of denials alone, fifty at most, with their number; groups left out are told', async () => {
  const groups = Array.from({ length: 60 }, () => randomUUID());
  const token = await instance.issuer.token(randomUUID(), { groups });
  const denied = await instance.ask('GET', '/keys?api-version=7.6', { token });
  const entry = readEntries(instance).find(({ correlationId }) => correlationId === denied.headers['x-ms-request-id']);
  const properties = entry?.['properties'] as { groups: string[]; groupCount: number; callerType: string };
  assert.deepEqual(properties.groups, groups.slice(0, 50));
  assert.deepEqual([properties.groupCount, properties.callerType], [60, 'app']);
  const report = (await explain(denied.headers['x-strongroom-trace'])).json as AccessReport;
  assert.ok(report.advice.includes('The record keeps the first 50 of 60 groups; this explanation knows no others.'));

  const many = await instance.issuer.token(randomUUID(), { _claim_names: { groups: 'src1' } });
  const left = await instance.ask('GET', '/keys?api-version=7.6', { token: many });
  const over = (await explain(left.headers['x-strongroom-trace'])).json as AccessReport;
  assert.equal(over.who.groupsLeftOut, true);
  assert.ok(over.advice.some((line) => line.startsWith('The issuer left the groups out')));

  await instance.ask('GET', '/settings?api-version=7.6', { token: await instance.adminToken() });
  const allowed = readEntries(instance).filter(({ decision }) => decision === 'allow');
  assert.ok(allowed.length > 0);
  assert.ok(allowed.every(({ properties }) => !('groups' in (properties as object))));
});

test('whether somebody may: asked before they try, by those who may read assignments at that scope and see no others', async () => {
  const [reader, consumer] = [randomUUID(), randomUUID()];
  await instance.assign('Managed HSM Crypto Service Encryption User', consumer, '/keys/secret-project');
  await instance.assign('Managed HSM Crypto Service Encryption User', consumer, '/keys/shown');
  await instance.assign('Managed HSM Policy Administrator', reader, '/keys/shown');
  const ask = (path: string, token: string, more: object = {}): Promise<Reply> =>
    instance.ask('POST', `${path}?api-version=7.6`, {
      token,
      body: { principalId: consumer, dataAction: 'keys/wrap/action', type: 'user', ...more },
    });
  const admin = await instance.adminToken();
  const all = (await ask('/access/check/keys/third', admin)).json as AccessReport;
  assert.equal(all.cause, 'NoRole');
  assert.deepEqual(all.explanation?.considered.map(({ scope }) => scope).sort(), [
    '/keys/secret-project',
    '/keys/shown',
  ]);
  assert.match(all.commands[0] ?? '', /--assignee-principal-type User --scope \/keys\/third$/);

  const logged = readEntries(instance).filter((entry) => entry['dataAction'] !== undefined);
  const operations = new Map(logged.map((entry) => [entry['operationName'], entry['dataAction']]));
  assert.ok(operations.size > 3);
  for (const [operation, action] of [
    ...operations,
    ['KeyDecrypt', 'Microsoft.KeyVault/managedHsm/keys/decrypt/action'],
  ]) {
    const named = await ask('/access/check/keys/third', admin, { dataAction: operation });
    assert.equal((named.json as AccessReport).what.dataAction, action, named.text);
  }
  const unknown = await ask('/access/check', admin, { dataAction: 'KeyFly' });
  assert.deepEqual([unknown.status, /no operation 'KeyFly'/.test(unknown.text)], [400, true]);

  const token = await instance.issuer.token(reader);
  const shown = await ask('/access/check/keys/shown', token);
  assert.equal(shown.status, 200, shown.text);
  const { explanation } = shown.json as AccessReport;
  assert.equal(explanation?.decision, 'allow');
  assert.equal(explanation.notShown, 0);
  assert.ok(!shown.text.includes('secret-project'));
  for (const path of ['/access/check', '/access/check/keys', '/access/check/keys/third']) {
    assert.equal((await ask(path, token)).status, 403, path);
  }
  for (const wrong of [{ principalId: 'x' }, { dataAction: 'keys/fly/action' }, { groups: ['x'] }, { type: 'god' }]) {
    assert.equal((await ask('/access/check', admin, wrong)).status, 400, JSON.stringify(wrong));
  }
});

test('proposed network rules are tried on those who called, the one who asks included', async () => {
  const plan = async (rules: object, days = 1): Promise<Reply> =>
    instance.ask('POST', '/access/network-plan?api-version=7.6', {
      token: await instance.adminToken(),
      body: { days, rules },
    });
  const cut = await plan({ defaultAction: 'Deny', ipRules: ['203.0.113.0/24'] });
  assert.equal(cut.status, 200, cut.text);
  interface Plan {
    readonly complete: boolean;
    readonly you: { readonly address: string; readonly isCutOff: boolean };
    readonly cutOff: readonly { address: string; refusal: string; principals: { objectId: string }[] }[];
  }
  const { you, cutOff, complete } = cut.json as Plan;
  assert.deepEqual(you, {
    objectId: instance.administrator,
    address: '127.0.0.1',
    networkPath: 'direct',
    isCutOff: true,
  });
  assert.deepEqual(
    cutOff.map(({ address, refusal }) => [address, refusal]),
    [['127.0.0.1', 'AddressNotAllowed']],
  );
  assert.ok(cutOff[0]?.principals.some(({ objectId }) => objectId === instance.administrator));
  assert.equal(complete, true);
  const kept = (await plan({ defaultAction: 'Deny', ipRules: [{ value: '127.0.0.0/8' }] })).json as Plan;
  assert.deepEqual([kept.cutOff, kept.you.isCutOff], [[], false]);
  // What is not proposed stays as it is.
  const { rules } = (await plan({ ipRules: ['203.0.113.0/24'] })).json as { rules: NetworkRules };
  assert.deepEqual(rules, rulesAfter(OPEN_NETWORK, { ipRules: ['203.0.113.0/24'] }));
  for (const wrong of [
    {},
    { defaultAction: 'Deny', ipRules: ['10.0.0.1/8'] },
    { defaultAction: 'Deny', ipRules: [], more: 1 },
  ]) {
    assert.equal((await plan(wrong)).status, 400, JSON.stringify(wrong));
  }
  assert.equal((await plan({ defaultAction: 'Deny', ipRules: [] }, 0)).status, 400);
});
