// The custodian register over HTTPS: who holds which share, what their signed packets change, and what is refused.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
import { digestOf, makeCustodians, type TestCustodian } from '../support/custodians.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const PATH = '/securitydomain/custodians';
const VERSION = 'api-version=7.5';
/** Of the instance; moved by tests. */
let clock = Math.floor(Date.now() / 1000);
let instance: RunningInstance;
let anna: TestCustodian;
let boris: TestCustodian;
let clara: TestCustodian;
let domain: string;

interface Register {
  readonly domain: string;
  readonly domainFingerprint: string;
  readonly required: number;
  readonly holders: number;
  readonly reachable: number;
  readonly margin: number;
  readonly unproven: number;
  readonly warnings: readonly string[];
  readonly value: readonly Readonly<Record<string, unknown>>[];
}

before(async () => {
  instance = await startRunningInstance({ systemNow: () => clock });
  [anna, boris, clara] = (await makeCustodians('Anna', 'Boris', 'Clara')) as [
    TestCustodian,
    TestCustodian,
    TestCustodian,
  ];
  domain = await download();
});
after(() => instance[Symbol.asyncDispose]());

async function ask(method: string, path: string, body?: unknown, token?: string): Promise<Reply> {
  const own = token ?? (await instance.adminToken());
  return instance.ask(method, `${path}?${VERSION}`, { token: own, ...(body === undefined ? {} : { body }) });
}

async function download(): Promise<string> {
  const certificates = [anna, boris, clara].map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const reply = await ask('POST', '/securitydomain/download', { certificates, required: 2 });
  assert.equal(reply.status, 202, reply.text);
  return (reply.json as { value: string }).value;
}

async function register(): Promise<Register> {
  const reply = await ask('GET', PATH);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Register;
}

async function holder({ thumbprint }: TestCustodian): Promise<Readonly<Record<string, unknown>>> {
  const found = (await register()).value.find(({ custodian }) => custodian === thumbprint);
  assert.ok(found !== undefined);
  return found;
}

function post(packet: string): Promise<Reply> {
  return ask('POST', `${PATH}/packets`, { packet: JSON.parse(packet) as unknown });
}

/** The refusal's code and inner code, and its text. */
async function refused(packet: string): Promise<string> {
  const reply = await post(packet);
  assert.ok(reply.status >= 400, reply.text);
  const { error } = reply.json as { error: { code: string; message: string; innererror?: { code: string } } };
  return `${reply.status} ${error.innererror?.code ?? error.code}: ${error.message}`;
}

function now(): Date {
  return new Date(clock * 1000);
}

test('a split enters its custodians as holders whose share is not yet proven, and the margin says so', async () => {
  const { required, holders, reachable, margin, unproven, warnings, value, ...rest } = await register();
  assert.equal(rest.domain, digestOf(domain));
  assert.match(rest.domainFingerprint, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    { required, holders, reachable, margin, unproven },
    { required: 2, holders: 3, reachable: 0, margin: -2, unproven: 3 },
  );
  assert.match(warnings[0] ?? '', /Only 0 of 2 needed custodians/);
  assert.deepEqual(
    value.map(({ custodian, fingerprint, subject, share, state }) => [custodian, fingerprint, subject, share, state]),
    [anna, boris, clara].map((each, index) => [each.thumbprint, each.fingerprint, each.name, index + 1, 'notProven']),
  );
});

test('a proof of the share makes it count; a false one, one of another share or of another file does not', async () => {
  const proof = anna.openShare(domain).subarray(0, 32).toString('base64url');
  assert.match(
    await refused(anna.says({ purpose: 'acknowledge', domain: digestOf(domain), proof }, now())),
    /^400 BadParameter: .*the share was not opened/,
  );
  const other = domain.replace('"version":2', '"version": 2');
  assert.match(await refused(anna.acknowledges(other, now())), /^409 OtherDomain: /);
  assert.match(
    await refused(anna.acknowledges(domain, new Date((clock + 3600) * 1000))),
    /^400 BadParameter: .*in the future/,
  );
  assert.equal((await holder(anna))['state'], 'notProven');

  const packet = anna.acknowledges(domain, now());
  const reply = await post(packet);
  assert.equal(reply.status, 200, reply.text);
  assert.equal((reply.json as { state: string }).state, 'proven');
  // Sent once more, as after a lost answer, it changes nothing.
  const before = await ask('GET', PATH);
  assert.equal((await post(packet)).status, 200);
  assert.equal((await ask('GET', PATH)).text, before.text);
  assert.equal((await post(boris.acknowledges(domain, now()))).status, 200);
  const { reachable, margin, warnings } = await register();
  assert.deepEqual([reachable, margin], [2, 0]);
  assert.match(warnings[0] ?? '', /losing one more/);
});

test('only whoever holds a share is listened to, and only in packets that verify', async () => {
  const [stranger] = await makeCustodians('Stranger');
  assert.ok(stranger !== undefined);
  assert.match(
    await refused(stranger.says({ purpose: 'leave', domain: digestOf(domain) }, now())),
    /^404 NotFound: .*has no share/,
  );
  const packet = JSON.parse(clara.acknowledges(domain, now())) as { statement: string; certificate: string };
  const forged = { ...packet, certificate: anna.certificate };
  assert.match(await refused(JSON.stringify(forged)), /^400 BadParameter: Packet: signature/);
  assert.equal((await ask('POST', `${PATH}/packets`, {})).status, 400);
  assert.match(
    await refused(
      clara.says(
        { purpose: 'recover', domain: digestOf(domain), recipient: anna.thumbprint, share: 'a.b.c.d.e' },
        now(),
      ),
    ),
    /^400 BadParameter: .*carries a share: it belongs to the upload/,
  );
});

test('a challenge counts once for each custodian, and ends', async () => {
  const made = await ask('POST', `${PATH}/challenges`, { days: 2 });
  assert.equal(made.status, 201, made.text);
  const { challenge } = made.json as { challenge: string };
  assert.equal(Buffer.from(challenge, 'base64url').length, 32);
  clock += 86_400;
  const answer = { purpose: 'challenge', domain: digestOf(domain), challenge } as const;
  assert.equal((await post(anna.says(answer, now()))).status, 200);
  assert.equal((await holder(anna))['answered'], now().toISOString());
  assert.match(await refused(anna.says(answer, now())), /^409 AlreadyAnswered/);
  const invented = randomBytes(32).toString('base64url');
  assert.match(await refused(anna.says({ ...answer, challenge: invented }, now())), /^409 NoSuchChallenge/);
  clock += 86_400;
  assert.match(await refused(boris.says(answer, now())), /^409 NoSuchChallenge: .*expired/);
  const listed = (await ask('GET', `${PATH}/challenges`)).json as {
    value: { challenge: string; answers: unknown[] }[];
  };
  assert.deepEqual(
    listed.value.map((each) => [each.challenge, each.answers.length]),
    [[challenge, 1]],
  );
  // The next one clears away what has expired.
  assert.equal((await ask('POST', `${PATH}/challenges`, {})).status, 201);
  assert.ok(!(await ask('GET', `${PATH}/challenges`)).text.includes(challenge));
  for (const days of [0, 91, 1.5, 'two']) assert.equal((await ask('POST', `${PATH}/challenges`, { days })).status, 400);
});

test('names and contacts are written down, survive a restart and a new download, and are not in the log', async () => {
  const path = `${PATH}/${anna.thumbprint}`;
  const written = await ask('PUT', path, { name: 'Anna Nováková', contact: 'safe 3, +420 555 0100' });
  assert.equal(written.status, 200, written.text);
  await instance.restart();
  const earlier = domain;
  domain = await download();
  const { name, contact, state, proven } = await holder(anna);
  assert.deepEqual([name, contact], ['Anna Nováková', 'safe 3, +420 555 0100']);
  // The share of the file before goes on opening; that of the newest was not shown to.
  assert.equal(state, 'provenEarlier');
  assert.equal((proven as { domain: string }).domain, digestOf(earlier));
  assert.equal((await register()).unproven, 3);
  const entries = readEntries(instance);
  assert.ok(!JSON.stringify(entries).includes('555 0100'));
  const { properties } = entries.findLast(({ operationName }) => operationName === 'CustodianUpdate') ?? {};
  assert.deepEqual((properties as { detail?: object }).detail, {
    custodian: anna.thumbprint,
    changed: ['name', 'contact'],
  });
  assert.equal((await ask('PUT', path, { name: 'a\u001b[2J' })).status, 400);
  assert.equal((await ask('PUT', `${PATH}/${randomUUID()}`, { name: 'x' })).status, 404);
});

test('a key that was handed over counts again when its new holder has opened the share', async () => {
  const made = now();
  const handover = boris.says({ purpose: 'handover', domain: digestOf(domain), note: 'to Dora, same card' }, made);
  const before = boris.acknowledges(domain, new Date(made.getTime() - 1000));
  assert.equal((await post(handover)).status, 200);
  assert.equal((await holder(boris))['state'], 'notProven');
  // What the old holder had signed before does not stand for the new one.
  assert.match(await refused(before), /^409 HandedOver/);
  clock += 60;
  const dora = await post(boris.acknowledges(domain, now()));
  assert.equal((dora.json as { state: string }).state, 'proven');
  // Said by an earlier holder of the key, it is not said by this one, however often it is sent.
  assert.match(await refused(handover), /^409 Older/);
  assert.equal((await holder(boris))['state'], 'proven');
  // Whoever gets a certificate of their own needs a new split; until then the present key counts.
  clock += 60;
  const to = clara.thumbprint;
  assert.equal(
    (await post(boris.says({ purpose: 'handover', domain: digestOf(domain), recipient: to }, now()))).status,
    200,
  );
  const { state, handover: known } = await holder(boris);
  assert.equal(state, 'handingOver');
  assert.equal((known as { to: string }).to, to);
});

test('who says that they leave does not count any more, and who was silent for a year neither', async () => {
  assert.equal((await post(anna.acknowledges(domain, now()))).status, 200);
  assert.equal((await post(clara.acknowledges(domain, now()))).status, 200);
  assert.equal((await register()).margin, 1);
  assert.equal(
    (await post(clara.says({ purpose: 'leave', domain: digestOf(domain), note: 'new job' }, now()))).status,
    200,
  );
  assert.equal((await holder(clara))['state'], 'leaving');
  assert.match(await refused(clara.acknowledges(domain, now())), /^409 Leaving/);
  assert.equal((await register()).margin, 0);
  clock += 366 * 86_400;
  assert.equal((await holder(anna))['state'], 'silent');
  assert.equal((await register()).margin, -2);
});

test('reading and changing take the data actions of the security domain', async () => {
  const officer = randomUUID();
  const token = await instance.issuer.token(officer);
  assert.equal((await ask('GET', PATH, undefined, token)).status, 403);
  assert.equal((await ask('POST', `${PATH}/challenges`, {}, token)).status, 403);
  const operations = readEntries(instance).map(({ operationName }) => operationName);
  for (const name of ['CustodianList', 'CustodianUpdate', 'CustodianPacket', 'CustodianChallengeCreate']) {
    assert.ok(operations.includes(name), name);
  }
});
