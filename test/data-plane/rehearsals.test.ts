// Rehearsals over HTTPS: who has answered becomes a record that the security domain states; what was not done is not taken;
// what is overdue is said, and told to the webhook once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type Rehearsal, readRehearsal, writeRehearsal } from '../../src/formats/rehearsal-record.ts';
import { NoteError } from '../../src/formats/signed-note.ts';
import { verifyStatement } from '../../src/formats/verify-statement.ts';
import { readEntries } from '../support/audit-entries.ts';
import { digestOf, makeCustodians, type TestCustodian } from '../support/custodians.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';
import { watchEvents } from '../support/watched-events.ts';

const PATH = '/securitydomain/rehearsals';
const DAY = 86_400;

let instance: RunningInstance;
let custodians: readonly TestCustodian[];
let domain: string;
/** `RehearsalOverdue` as they came to the webhook. */
const told: { readonly id: string; readonly subject: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
const receiver = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const event = JSON.parse(text) as { readonly type: string } & (typeof told)[number];
    if (event.type === 'Strongroom.RehearsalOverdue') told.push(event);
    response.writeHead(204).end();
  });
});

before(async () => {
  instance = await startRunningInstance();
  custodians = await makeCustodians('Anna', 'Boris', 'Clara');
  const certificates = custodians.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const reply = await ask('POST', '/securitydomain/download', { certificates, required: 2 });
  domain = (reply.json as { value: string }).value;
});
after(async () => {
  receiver.close();
  await instance[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: unknown, token?: string): Promise<Reply> {
  const own = token ?? (await instance.adminToken());
  return instance.ask(method, `${path}?api-version=7.5`, { token: own, ...(body === undefined ? {} : { body }) });
}

async function challenge(): Promise<string> {
  const reply = await ask('POST', '/securitydomain/custodians/challenges', { days: 1 });
  assert.equal(reply.status, 201, reply.text);
  return (reply.json as { challenge: string }).challenge;
}

async function answer(bytes: string, ...who: readonly (TestCustodian | undefined)[]): Promise<void> {
  for (const custodian of who) {
    const packet = custodian?.says({ purpose: 'challenge', domain: digestOf(domain), challenge: bytes }) ?? '';
    const reply = await ask('POST', '/securitydomain/custodians/packets', { packet: JSON.parse(packet) as unknown });
    assert.equal(reply.status, 200, reply.text);
  }
}

interface Filed {
  readonly id: string;
  readonly verdict: string;
  readonly record: string;
  readonly note: string;
  readonly domainKey: string;
}

async function finish(bytes: string, early = false): Promise<Filed> {
  const reply = await ask('POST', `${PATH}/reachability`, { challenge: bytes, ...(early ? { finish: true } : {}) });
  assert.equal(reply.status, 201, reply.text);
  return reply.json as Filed;
}

interface Posture {
  readonly depth: string;
  readonly overdue: boolean;
  readonly lastPassed?: string;
  readonly lastFailed?: string;
  readonly due?: string;
  readonly summary: string;
}

async function posture(depth: string): Promise<Posture> {
  const reply = await ask('GET', PATH);
  assert.equal(reply.status, 200, reply.text);
  const found = (reply.json as { posture: Posture[] }).posture.find((each) => each.depth === depth);
  assert.ok(found !== undefined);
  return found;
}

function messageOf(reply: Reply): string {
  return (reply.json as { error: { message: string } }).error.message;
}

function fullRecord(changes: Partial<Rehearsal> = {}): Rehearsal {
  return {
    format: 'strongroom rehearsal 1',
    depth: 'full',
    verdict: 'passed',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:01:00.000Z',
    instance: 'test',
    domainFingerprint: '0'.repeat(64),
    domain: digestOf(domain),
    required: 2,
    custodians: custodians.slice(0, 2).map(({ thumbprint }) => ({ custodian: thumbprint, outcome: 'shared' })),
    steps: [],
    problems: [],
    backup: { folder: 'mhsm-test-1', manifest: digestOf(''), keys: 1, versions: 1 },
    sample: { file: digestOf(''), keys: 1, unwrapped: 1 },
    ...changes,
  };
}

test('from the day on which shares are given out each depth is due', async () => {
  const { overdue, due, lastPassed, summary } = await posture('reachability');
  assert.deepEqual([overdue, lastPassed], [false, undefined]);
  assert.ok(Math.abs(Date.parse(due ?? '') / 1000 - Date.now() / 1000 - 92 * DAY) < 60);
  assert.match(summary, /^never passed, due \d{4}-/);
});

test('while custodians are missing nothing is recorded, and they are named', async () => {
  const bytes = await challenge();
  await answer(bytes, custodians[0], custodians[1]);
  const early = await ask('POST', `${PATH}/reachability`, { challenge: bytes });
  assert.equal(early.status, 409);
  assert.match(messageOf(early), /^1 of 3 custodians have not answered yet \(Clara\); answers are taken until /);
  const filed = await finish(bytes, true);
  assert.equal(filed.verdict, 'failed');
  const { problems, custodians: listed } = readRehearsal(filed.record);
  assert.deepEqual(
    problems.map(({ kind, name }) => [kind, name]),
    [['custodian', 'Clara']],
  );
  assert.deepEqual(
    listed.map(({ outcome }) => outcome),
    ['answered', 'answered', 'missing'],
  );
  assert.equal((await posture('reachability')).lastPassed, undefined, 'a failure is no rehearsal that passed');
});

test('all have answered: the record is stated by the domain, and verifies offline', async () => {
  const bytes = await challenge();
  await answer(bytes, ...custodians);
  const filed = await finish(bytes);
  assert.equal(filed.verdict, 'passed');
  const key = Buffer.from(filed.domainKey, 'base64url');
  verifyStatement(filed.note, 'rehearsal', Buffer.from(filed.record), key);
  const edited = filed.record.replace('"answered"', '"missing"');
  assert.throws(() => verifyStatement(filed.note, 'rehearsal', Buffer.from(edited), key), NoteError);
  assert.equal((await posture('reachability')).lastPassed, readRehearsal(filed.record).finishedAt);
  const got = await ask('GET', `${PATH}/${filed.id}`);
  assert.deepEqual(got.json, filed);
  const again = await ask('POST', `${PATH}/reachability`, { challenge: bytes });
  assert.equal(again.status, 409);
  assert.match(messageOf(again), /filed already/);
  const entry = readEntries(instance).findLast(({ operationName }) => operationName === 'RehearsalReachability');
  assert.ok(entry !== undefined);
});

test('it outlives a restart, and every worker knows it', async () => {
  const before = (await ask('GET', PATH)).text;
  await instance.restart();
  assert.equal((await ask('GET', PATH)).text, before);
});

test('that a full rehearsal passed is not taken on the word of an administrator', async () => {
  const { domainFingerprint } = (await ask('GET', '/securitydomain/custodians')).json as { domainFingerprint: string };
  const own = { domainFingerprint };
  const file = (record: Rehearsal | string, note?: string): Promise<Reply> =>
    ask('POST', PATH, { record: typeof record === 'string' ? record : writeRehearsal(record), note });
  const refusals: [Reply, RegExp][] = [
    [await file(fullRecord(own)), /'note' is required: that a full rehearsal has passed is stated by/],
    [await file(fullRecord()), /of another security domain/],
    [await file(fullRecord(own), 'no note'), /'note': the note has no empty line/],
    [await file('{}'), /'record': record\.format is missing/],
    [await file('{'), /'record': the record is not JSON/],
    [await file(JSON.stringify(fullRecord({ ...own, extra: 1 } as object))), /unknown member "extra"/],
    [
      await file(JSON.stringify({ ...fullRecord(own), sample: { file: digestOf(''), keys: 2, unwrapped: 1 } })),
      /says otherwise/,
    ],
    [await file(JSON.stringify({ ...fullRecord(own), custodians: [] })), /says otherwise/],
  ];
  for (const [reply, message] of refusals) {
    assert.equal(reply.status, 400, reply.text);
    assert.match(messageOf(reply), message);
  }
  const stranger = await instance.issuer.token(randomUUID());
  for (const [method, path] of [
    ['GET', PATH],
    ['POST', PATH],
    ['POST', `${PATH}/reachability`],
  ] as const) {
    const body = method === 'GET' ? undefined : { record: '{}', challenge: 'x' };
    assert.equal((await ask(method, path, body, stranger)).status, 403);
  }
  assert.equal((await ask('GET', `${PATH}/nosuch`)).status, 404);
});

test('that one failed may be said, with what was at fault', async () => {
  const { domainFingerprint } = (await ask('GET', '/securitydomain/custodians')).json as { domainFingerprint: string };
  const { backup: _, sample: __, ...rest } = fullRecord({ domainFingerprint, verdict: 'failed' });
  const record = writeRehearsal({
    ...rest,
    problems: [{ kind: 'file', name: 'sd.json', problem: 'ends early', next: 'get it again' }],
  });
  const reply = await ask('POST', PATH, { record });
  assert.equal(reply.status, 201, reply.text);
  const filed = reply.json as Filed;
  verifyStatement(filed.note, 'rehearsal', Buffer.from(record), Buffer.from(filed.domainKey, 'base64url'));
  const { lastPassed, lastFailed, summary } = await posture('full');
  assert.deepEqual([lastPassed, lastFailed], [undefined, '2026-01-01T00:01:00.000Z']);
  assert.match(summary, /^never passed, FAILED 2026-01-01, due /);
});

test('what is overdue is said, and told to the webhook once for each time that it falls due', async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  await instance.configure({ eventTargets: [{ origin }] });
  await instance.restart();
  await using _ = watchEvents(instance);
  const set = await ask('PATCH', '/settings/StrongroomEventWebhook', { value: `${origin}/hook` });
  assert.equal(set.status, 200, set.text);
  const advance = async (days: number): Promise<void> => {
    assert.equal((await ask('POST', '/strongroom/clock', { advanceSeconds: days * DAY })).status, 200);
  };
  await advance(93);
  assert.equal((await posture('reachability')).overdue, true);
  assert.match((await posture('reachability')).summary, /OVERDUE since \d{4}-\d\d-\d\d$/);
  assert.equal((await posture('full')).overdue, false);
  await untilTold(1);
  await advance(1);
  const bytes = await challenge();
  await answer(bytes, ...custodians);
  await finish(bytes);
  assert.equal((await posture('reachability')).overdue, false);
  await ask('PATCH', '/settings/StrongroomRehearsalFullDays', { value: '0' });
  await advance(90);
  await advance(3);
  await untilTold(2);
  assert.deepEqual(
    told.map(({ subject, data }) => [subject, data['HsmName'], data['EveryDays']]),
    [
      ['reachability', 'test', 92],
      ['reachability', 'test', 92],
    ],
  );
  assert.notEqual(told[0]?.id, told[1]?.id);
  assert.equal((await posture('full')).due, undefined, '0 days: never');
});

async function untilTold(count: number): Promise<void> {
  for (const end = performance.now() + 90_000; told.length < count; ) {
    assert.ok(performance.now() < end, `${told.length} of ${count} events came`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
