// Whatever a few people do in whatever order: nothing administrative comes about that one of them alone wanted.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../../http/service-error.ts';
import { StoreError } from '../../store/port.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { planInitialAssignments } from '../roles/administrators.ts';
import { ADMINISTRATOR, CRYPTO_USER, guid } from '../roles/operations.fixture.ts';
import { memoryRecords } from '../roles/records.fixture.ts';
import { assignmentChange, assignmentKind, contentOf } from '../roles/role-records.ts';
import type { RoleRequest } from '../roles/separation-rules.ts';
import { type Approval, Approvals, approvalKind, stateAt } from './approvals.ts';
import { planDecision, planWithdrawal } from './decide.ts';
import { type ApprovalRequest, bindingOf } from './request.ts';
import { type ApprovalService, MAX_PENDING, planSecond } from './second-approver.ts';

const PEOPLE = [guid(1), guid(2), guid(3)];
const START = 1_800_000_000;

async function service() {
  const memory = memoryRecords();
  let names = 100;
  const newGuid = (): string => guid(names++);
  await memory.records.update(() => planInitialAssignments({ administrators: PEOPLE, newGuid }, memory));
  const approvals = new Approvals();
  let time = START;
  const made: ApprovalService = {
    approvals,
    roles: memory.roles,
    now: () => time,
    hours: () => 24,
    newId: newGuid,
    place: ' --hsm-name fin',
  };
  return {
    made,
    memory,
    /** What a committed plan does. */
    take(changes: ReturnType<typeof planWithdrawal>): void {
      for (const change of changes) feeding(approvals.follows)(change);
    },
    wait(seconds: number): void {
      time += seconds;
    },
  };
}

const caller = (oid: string, idType: 'user' | 'app' = 'user') => ({ oid, groups: [] as string[], idType });

function requestFor(principalId: string, expires?: string): RoleRequest {
  const role = { roleName: 'Administrator', description: '', permissions: [] };
  const bound = { operation: 'putAssignment', scope: '/', definition: ADMINISTRATOR, role, principalId } as const;
  return expires === undefined ? bound : { ...bound, expires };
}

describe('approvals', () => {
  test('whatever people do in whatever order, each change has its own yes of somebody else, in time', async () => {
    const who = fc.nat(2);
    const which = fc.nat(1);
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ act: fc.constant('ask' as const), who, which }) },
      { weight: 6, arbitrary: fc.record({ act: fc.constant('approve' as const), who, which, app: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('reject' as const), who, which }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('withdraw' as const), who, which }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), who, which }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('revoke' as const), who, which }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const { made, memory, take, wait } = await service();
        const requests = [requestFor(guid(50)), requestFor(PEOPLE[2] ?? '')];
        /** The model: what was agreed to and not used. */
        const agreed: { by: string; request: number; requester: string; until: number }[] = [];
        const revoked = new Set<string>();
        for (const { act, who: at, which: n, ...more } of steps) {
          const person = PEOPLE[at] ?? '';
          const request = requests[n] ?? requestFor('');
          const open = made.approvals
            .list()
            .filter(([, each]) => bindingOf(each.request) === bindingOf(request))
            .map(([id]) => id);
          if (act === 'wait') wait(13 * 3600);
          else if (act === 'revoke') {
            for (const { name } of [...made.roles.assignmentsOf(person)]) {
              await memory.records.update(() => [assignmentKind.remove(name)]);
            }
            revoked.add(person);
          } else if (act === 'ask') {
            const second = planSecond(request, undefined, caller(person), made);
            take(second.changes);
            const found = agreed.findIndex(
              (each) =>
                each.request === n && each.requester === person && each.until > made.now() && !revoked.has(each.by),
            );
            assert.equal(second.state, found === -1 ? 'asked' : 'given');
            if (found !== -1) {
              const { by } = agreed.splice(found, 1)[0] ?? { by: '' };
              assert.ok(by !== person && (n === 0 || by !== PEOPLE[2]));
            }
          } else {
            for (const id of open) {
              const { requester } = made.approvals.get(id) ?? { requester: { oid: '' } };
              try {
                if (act === 'withdraw') {
                  take(planWithdrawal(id, person, made));
                  const at = agreed.findIndex(
                    (each) => each.requester === person && each.request === n && each.until > made.now(),
                  );
                  if (at !== -1) agreed.splice(at, 1);
                } else {
                  const decider = caller(person, 'app' in more && more.app ? 'app' : 'user');
                  take(planDecision(id, act === 'approve' ? 'approved' : 'rejected', 'r', { decider, service: made }));
                  if (act === 'approve') {
                    const until = made.now() + 24 * 3600;
                    agreed.push({ by: person, request: n, requester: requester.oid, until });
                    assert.ok(decider.idType === 'user' && person !== requester.oid && !revoked.has(person));
                  }
                }
              } catch (error) {
                assert.ok(error instanceof ServiceError, String(error));
              }
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('an approval ends with the right of its approver, whoever is given a role under the same name later', async () => {
    const { made, memory, take } = await service();
    const [requester = '', approver = '', other = ''] = PEOPLE;
    const request = requestFor(guid(50));
    take(planSecond(request, undefined, caller(requester), made).changes);
    const [[id] = ['']] = made.approvals.list();
    take(planDecision(id, 'approved', 'r', { decider: caller(approver), service: made }));
    assert.equal(planSecond(request, undefined, caller(requester), made).state, 'given');
    const [own] = made.roles.assignmentsOf(approver);
    assert.ok(own !== undefined);
    await memory.records.update(() => [assignmentKind.remove(own.name)]);
    await memory.records.update(() => [assignmentChange({ ...own, principalId: other })]);
    assert.ok(
      made.roles.isAllowed(caller(other), 'Microsoft.KeyVault/managedHsm/roleAssignments/write/action', own.scope),
    );
    assert.equal(planSecond(request, undefined, caller(requester), made).state, 'asked');
  });

  test('two requests are the same exactly when all that an approval is bound to is', () => {
    const role = fc.record({
      roleName: fc.constantFrom('a', 'b'),
      description: fc.constantFrom('', 'd'),
      permissions: fc.constant([]),
    });
    const id = fc.constantFrom(guid(1), guid(2));
    const expires = fc.constantFrom('P7D', 'P8D');
    const request: fc.Arbitrary<ApprovalRequest> = fc.oneof(
      fc.record(
        {
          operation: fc.constant('putAssignment' as const),
          scope: fc.constantFrom('/', '/keys'),
          definition: id,
          role,
          principalId: id,
          expires,
        },
        { requiredKeys: ['operation', 'scope', 'definition', 'role', 'principalId'] },
      ),
      fc.record(
        { operation: fc.constant('putDefinition' as const), replaces: id, role },
        { requiredKeys: ['operation', 'role'] },
      ),
      fc.record({ operation: fc.constant('deleteDefinition' as const), definition: id, role }),
      fc.record({
        operation: fc.constant('restore' as const),
        place: fc.constantFrom('https://a/b', 'https://a/c'),
        folder: fc.constantFrom('b', 'c'),
        manifest: fc.constantFrom('A'.repeat(43), 'B'.repeat(43)),
        instance: fc.constantFrom('a', 'b'),
        started: fc.constantFrom('1', '2'),
        keys: fc.nat(1),
      }),
      fc.record({
        operation: fc.constant('trustAuthority' as const),
        name: fc.constantFrom('a', 'b'),
        authority: fc.constantFrom('https://a', 'https://b'),
        keys: fc.constantFrom('pinned' as const, 'fetched' as const),
        sha256: fc.constantFrom('a'.repeat(64), 'b'.repeat(64)),
      }),
      fc.record({ operation: fc.constant('separateDuties' as const) }),
    );
    const sorted = (value: ApprovalRequest): string =>
      JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    fc.assert(
      fc.property(request, request, (one, other) => {
        assert.equal(bindingOf(one) === bindingOf(other), sorted(one) === sorted(other));
        const kept: Approval = {
          request: one,
          requester: { oid: guid(9) },
          requestedAt: START,
          expiresAt: START + 1,
          state: 'pending',
        };
        const read = approvalKind.read('x', approvalKind.put('x', kept).value);
        assert.deepEqual(read, JSON.parse(JSON.stringify(kept)), 'it is read as it was written');
        assert.equal(bindingOf(read.request), bindingOf(one));
      }),
    );
  });

  test('a role that was changed since is another request', async () => {
    const { made } = await service();
    const user = made.roles.definition(CRYPTO_USER);
    assert.ok(user !== undefined);
    const before = { ...requestFor(guid(50)), role: contentOf(user) };
    assert.notEqual(bindingOf(before), bindingOf({ ...before, role: { ...contentOf(user), permissions: [] } }));
  });

  test('records that do not read, and decisions of nobody, stop the start', () => {
    const kept = {
      request: requestFor(guid(1)),
      requester: { oid: guid(2) },
      requestedAt: 1,
      expiresAt: 2,
      state: 'approved',
    };
    for (const value of ['', '{}', JSON.stringify(kept), JSON.stringify({ ...kept, state: 'granted' }), 'null', '[]']) {
      assert.throws(() => approvalKind.read('x', Buffer.from(value)), StoreError, value);
    }
  });

  test('the refusal has the whole command that another administrator runs, and so has its repetition', async () => {
    const { made, take } = await service();
    for (const _ of ['first', 'again']) {
      const second = planSecond(requestFor(guid(50)), undefined, caller(guid(1)), made);
      assert.ok(second.state === 'asked');
      take(second.changes);
      const [[id]] = made.approvals.list() as [[string, Approval]];
      const command = `./strongroom approval approve ${id} --reason 'why' --hsm-name fin --as az`;
      assert.ok(
        second.refusal.message.includes(`Another administrator runs: ${command}. Then`),
        second.refusal.message,
      );
    }
  });

  test('what waits is limited per requester, and what is over goes when its time has come', async () => {
    const { made, take, wait } = await service();
    const ask = (n: number): void => take(planSecond(requestFor(guid(1000 + n)), 'r', caller(guid(1)), made).changes);
    for (let n = 0; n < MAX_PENDING; n++) ask(n);
    assert.throws(() => ask(MAX_PENDING), /withdraw some/);
    take(planSecond(requestFor(guid(1)), 'r', caller(guid(2)), made).changes);
    wait(24 * 3600);
    assert.ok(made.approvals.list().every(([, each]) => stateAt(each, made.now()) === 'expired'));
    ask(MAX_PENDING);
    assert.equal(made.approvals.size, MAX_PENDING + 2, 'shown for a while');
    wait(31 * 86_400);
    ask(0);
    assert.equal(made.approvals.size, 1);
  });
});
