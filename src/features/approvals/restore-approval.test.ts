// When a full restore needs a second person, whose yes counts for it, and what becomes of all other approvals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '../../http/principal.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { FullRestore } from '../backup/approved-restore.ts';
import { FreshRecovery } from '../backup/fresh-recovery.ts';
import { planInitialAssignments } from '../roles/administrators.ts';
import { CRYPTO_USER, guid } from '../roles/operations.fixture.ts';
import { memoryRecords } from '../roles/records.fixture.ts';
import { assignmentChange } from '../roles/role-records.ts';
import { ROOT_SCOPE } from '../roles/scope.ts';
import { Approvals, stateAt } from './approvals.ts';
import { planDecision } from './decide.ts';
import { restoreApproval } from './restore-approval.ts';

const START = 1_800_000_000;
const ALICE = guid(1);
const BOB = guid(2);
const USER = guid(3);
const wanted: FullRestore = {
  operation: 'restore',
  place: 'https://account.blob.example/backups',
  folder: 'mhsm-a-1',
  manifest: 'A'.repeat(43),
  instance: 'a',
  started: '2027-01-01T00:00:00Z',
  keys: 3,
};
const asker = (oid: string, reason?: string) => ({
  principal: { oid, groups: [] as string[], idType: 'user' } as unknown as Principal,
  reason,
});

async function open(isStrict = true) {
  const memory = memoryRecords();
  let names = 100;
  const newId = (): string => guid(names++);
  await memory.records.update(() => planInitialAssignments({ administrators: [ALICE, BOB], newGuid: newId }, memory));
  const role = { name: guid(90), scope: ROOT_SCOPE, definition: CRYPTO_USER, principalId: USER };
  await memory.records.update(() => [assignmentChange(role)]);
  const approvals = new Approvals();
  const recovery = new FreshRecovery(() => 'stays');
  let time = START;
  const service = {
    approvals,
    roles: memory.roles,
    now: () => time,
    hours: () => 24,
    place: ' --hsm-name fin',
    newId,
    instancePolicy: { isStrict },
    recovery,
  };
  const duties = restoreApproval(service);
  return {
    service,
    duties,
    recovery,
    approvals,
    wait: (seconds: number) => (time += seconds),
    take(changes: ReturnType<typeof duties.ending>): void {
      for (const change of changes) feeding(approvals.follows)(change);
    },
    ask(given = wanted, by = ALICE) {
      const answer = duties.judge(given, asker(by));
      if (answer.state === 'asked') for (const change of answer.changes) feeding(approvals.follows)(change);
      return answer;
    },
  };
}

test('nobody else is needed where duties are not separated; the reason is noted all the same', async () => {
  const { duties } = await open(false);
  assert.equal(duties.needsSecond(), false);
  assert.deepEqual(duties.judge(wanted, asker(ALICE, 'drill')), { state: 'given', changes: [], note: 'Reason: drill' });
  assert.equal(duties.reasonOf({ reason: ' drill ', expires: undefined } as never), 'drill');
  assert.throws(() => duties.reasonOf({ reason: 'a\nb' } as never), /one line/);
});

test('after a recovery one person is enough, while it is fresh; the note says why', async () => {
  const { duties, recovery, wait } = await open();
  for (const change of recovery.plan(START)) feeding(recovery.follows)(change);
  assert.equal(duties.needsSecond(), false);
  const answer = duties.judge(wanted, asker(ALICE));
  assert.equal(answer.state, 'given');
  assert.match(answer.note, /^No approval: custodians recovered this HSM 2027-/);
  wait(72 * 3600);
  assert.equal(duties.needsSecond(), true);
  assert.equal(duties.judge(wanted, asker(ALICE)).state, 'asked');
});

test('a yes is for everything that is known of the backup', async () => {
  const at = await open();
  at.ask();
  const [[id] = ['']] = at.approvals.list();
  const decider = { oid: BOB, groups: [], idType: 'user' } as const;
  at.take(planDecision(id, 'approved', 'ok', { decider, service: at.service }));
  for (const other of [
    { place: 'https://account.blob.example/other' },
    { folder: 'mhsm-a-2' },
    { manifest: 'B'.repeat(43) },
    { instance: 'b' },
    { started: '2027-01-02T00:00:00Z' },
    { keys: 4 },
  ]) {
    assert.equal(at.duties.judge({ ...wanted, ...other }, asker(ALICE)).state, 'asked', JSON.stringify(other));
  }
  assert.equal(at.duties.judge(wanted, asker(BOB)).state, 'asked');
  const given = at.ask();
  assert.equal(given.state, 'given');
  at.take(given.state === 'given' ? given.changes : []);
  assert.equal(at.ask().state, 'asked', 'once');
});

test('who may not restore does not approve it', async () => {
  const at = await open();
  at.ask();
  const [[id] = ['']] = at.approvals.list();
  const decider = { oid: USER, groups: [], idType: 'user' } as const;
  assert.throws(() => planDecision(id, 'approved', 'ok', { decider, service: at.service }), /restore\/start\/action/);
});

test('with a restore all that is open expires, and what is over stays what it is', async () => {
  const at = await open();
  at.ask();
  at.ask({ ...wanted, folder: 'two' });
  const [[first] = [''], [second] = ['']] = at.approvals.list();
  const decider = { oid: BOB, groups: [], idType: 'user' } as const;
  at.take(planDecision(first, 'rejected', 'no', { decider, service: at.service }));
  at.ask({ ...wanted, folder: 'three' });
  at.take(planDecision(second, 'approved', 'ok', { decider, service: at.service }));
  at.take(at.duties.ending());
  const states = at.approvals.list().map(([, each]) => stateAt(each, START));
  assert.deepEqual(states.sort(), ['expired', 'expired', 'rejected']);
  assert.deepEqual(at.duties.ending(), []);
});
