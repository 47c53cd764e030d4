// Revocation under load: several workers, connections that stay open, tokens that are known already. Once the deletion of
// an assignment is answered nothing that it allowed succeeds anywhere, and what was under way is not answered either.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { InstanceService } from '../../src/service/instance-service.ts';
import { readEntries } from '../support/audit-entries.ts';
import { type RecorderRelay, startRecorderRelay } from '../support/recorder-relay.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';
const VERSION = 'api-version=7.6';
const digest = Buffer.alloc(32, 7).toString('base64url');
/** Operations under way at each worker. */
const CALLERS = 12;

let instance: RunningInstance;
let relay: RecorderRelay;
let offset = 0;
const others: InstanceService[] = [];
before(async () => {
  instance = await startRunningInstance({
    systemNow: () => Date.now() / 1000 + offset,
    async beforeRecorder(socket) {
      relay = await startRecorderRelay(`${socket}.relay`, socket);
      return relay.socketPath;
    },
  });
  await instance.activate();
  for (let n = 0; n < 2; n++) others.push(await instance.startWorker());
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const token = await instance.issuer.token(user);
  for (const [name, kty] of [
    ['signer', 'EC-HSM'],
    ['wrapper', 'RSA-HSM'],
  ] as const) {
    const made = await instance.ask('POST', `/keys/${name}/create?${VERSION}`, { token, body: { kty } });
    assert.equal(made.status, 200, made.text);
  }
});
after(async () => {
  for (const other of others) await other[Symbol.asyncDispose]();
  await instance[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

const operations: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['POST', `/keys/signer/sign?${VERSION}`, { alg: 'ES256', value: digest }],
  ['POST', `/keys/wrapper/wrapkey?${VERSION}`, { alg: 'RSA-OAEP-256', value: digest }],
  ['POST', `/rng?${VERSION}`, { count: 16 }],
  ['GET', `/keys?${VERSION}`],
  ['GET', `/keys/signer?${VERSION}`],
];

const ports = (): number[] => [instance.port, ...others.map(({ port }) => port)];

async function granted(headers: Readonly<Record<string, string>> = {}) {
  const principalId = randomUUID();
  const name = randomUUID();
  const path = `${ASSIGNMENTS}/${name}?api-version=7.4`;
  const roleDefinitionId =
    'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/21dbd100-6940-42c2-9190-5d6cb909625b';
  const admin = await instance.adminToken();
  const body = { properties: { roleDefinitionId, principalId } };
  const made = await instance.ask('PUT', path, { token: admin, body, headers });
  assert.equal(made.status, 201, made.text);
  return { path, admin, token: await instance.issuer.token(principalId) };
}

interface Tally {
  readonly before: Map<number, number>;
  readonly late: string[];
  readonly after: Map<number, number>;
}

/** Asks without a pause at every worker until told to stop; `isOver` says in which part of the time an answer came. */
function load(token: string, phase: () => 'before' | 'turning' | 'after' | 'end') {
  const tally: Tally = { before: new Map(), late: [], after: new Map() };
  const count = (map: Map<number, number>, status: number): void => void map.set(status, (map.get(status) ?? 0) + 1);
  const callers = ports().flatMap((port, at) =>
    Array.from({ length: CALLERS }, async (_, n) => {
      for (let i = n; phase() !== 'end'; i++) {
        const [method, path, body] = operations[i % operations.length] ?? ['GET', '/keys'];
        const begun = phase();
        const { status }: Reply = await instance.askAt(port, method, path, { token, body });
        if (begun === 'turning' || begun === 'after') {
          // Begun after the deletion was answered.
          if (status === 200) tally.late.push(`${method} ${path} at worker ${at}, begun after the revocation`);
          count(tally.after, status);
        } else if (phase() === 'after' || phase() === 'end') {
          // Under way when it was answered, and answered later.
          if (status === 200) tally.late.push(`${method} ${path} at worker ${at}, answered after the revocation`);
        } else count(tally.before, status);
      }
    }),
  );
  return { tally, stopped: Promise.all(callers) };
}

/** Resolves once so many answers had this status. */
async function counted(map: ReadonlyMap<number, number>, status: number): Promise<void> {
  for (const end = performance.now() + 90_000; (map.get(status) ?? 0) <= 50; await turn()) {
    assert.ok(performance.now() < end, `there is no load: ${JSON.stringify([...map])}`);
  }
}

for (const round of [1, 2, 3]) {
  test(`not one operation succeeds at any worker once the revocation is answered (${round})`, async () => {
    const { path, admin, token } = await granted();
    let phase: 'before' | 'turning' | 'after' | 'end' = 'before';
    const { tally, stopped } = load(token, () => phase);
    await counted(tally.before, 200);
    const answer = await instance.askAt(ports()[round - 1] ?? 0, 'DELETE', path, { token: admin });
    assert.equal(answer.status, 200, answer.text);
    phase = 'turning';
    // What was written to the sockets before that answer has been read from them after these turns.
    for (let n = 0; n < 4; n++) await turn();
    phase = 'after';
    await counted(tally.after, 403);
    phase = 'end';
    await stopped;
    assert.deepEqual(tally.late, []);
    assert.deepEqual([...tally.after.keys()], [403]);
  });
}

test('an operation that is carried out already is not answered when the right to it ends before its answer leaves', async () => {
  const { path, admin, token } = await granted();
  const [method, sign, body] = operations[0] ?? ['', ''];
  const port = others[0]?.port ?? 0;
  assert.equal((await instance.askAt(port, method, sign, { token, body })).status, 200);
  // Nothing is answered that is not on record: while nothing reaches the recorder, both are done and neither is answered.
  relay.hold();
  const signing = instance.askAt(port, method, sign, { token, body });
  await relay.kept('KeySign');
  const deleting = instance.ask('DELETE', path, { token: admin });
  await relay.kept('RoleAssignmentDelete');
  relay.letGo();
  const [signed, deleted] = await Promise.all([signing, deleting]);
  assert.equal(deleted.status, 200, deleted.text);
  assert.equal(signed.status, 403, signed.text);
  assert.match(signed.text, /ended while the answer was being made/);
  assert.ok(!signed.text.includes('"value"'), 'no signature');
  const id = signed.headers['x-ms-request-id'];
  const entries = readEntries(instance).filter(({ correlationId }) => correlationId === id);
  assert.deepEqual(
    entries.map(({ resultSignature, decision }) => [resultSignature, decision]),
    [
      ['OK', 'allow'],
      ['AccessDenied', 'deny'],
    ],
    'the record says that it was carried out, and that nobody was given the result',
  );
});

test('an operation that is under way when the grant ends is not answered either', async () => {
  const { token } = await granted({ 'x-strongroom-expires': 'PT1H' });
  const [method, sign, body] = operations[0] ?? ['', ''];
  const port = others[1]?.port ?? 0;
  assert.equal((await instance.askAt(port, method, sign, { token, body })).status, 200);
  relay.hold();
  const signing = instance.askAt(port, method, sign, { token, body });
  await relay.kept('KeySign');
  offset += 3600;
  relay.letGo();
  const signed = await signing;
  assert.equal(signed.status, 403, signed.text);
  assert.equal((await instance.askAt(port, method, sign, { token, body })).status, 403);
});

test('an administrator who deletes the own assignment is answered that this is done', async () => {
  const { path } = await granted();
  const other = randomUUID();
  await instance.assign('Managed HSM Policy Administrator', other);
  const token = await instance.issuer.token(other);
  const list = await instance.ask(
    'GET',
    `${ASSIGNMENTS}?api-version=7.4&$filter=principalId eq '${other}'`.replaceAll(' ', '%20'),
    { token },
  );
  const [own] = (list.json as { value: { name: string }[] }).value;
  const answer = await instance.ask('DELETE', `${ASSIGNMENTS}/${own?.name}?api-version=7.4`, { token });
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await instance.ask('DELETE', path, { token })).status, 403);
});
