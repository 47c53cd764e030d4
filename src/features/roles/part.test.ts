import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Head } from '../../store/sealed/records.ts';
import { roles as rolesPart } from './part.ts';
import { memoryRecords } from './records.fixture.ts';
import { assignmentChange } from './role-records.ts';
import { parseScope } from './scope.ts';

const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';

test('grants that have ended are removed 64 in a commit, whose entries are all written before the next', async () => {
  const { roles, records } = memoryRecords();
  const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const made = Array.from({ length: 150 }, (_, n) =>
    assignmentChange({
      name: guid(n),
      scope: parseScope('/keys'),
      definition: CRYPTO_USER,
      principalId: guid(1000 + n),
      // The last ten go on.
      expiresAt: n < 140 ? 10 : 30,
    }),
  );
  await records.update(() => made);
  const commits: { readonly entries: number; recorded: number }[] = [];
  const { jobs: [job] = [] } =
    rolesPart.serve?.({
      roles,
      now: () => 20,
      roleDuties: () => assert.fail('nobody asks'),
      async commit(plan, entries) {
        assert.equal(commits.at(-1)?.recorded, commits.at(-1)?.entries);
        let planned = 0;
        const head = await records.update(() => {
          const changes = plan();
          planned = entries?.(changes) ?? 1;
          return changes;
        });
        commits.push({ entries: planned, recorded: 0 });
        return head;
      },
      async record({ operationName, head }: { readonly operationName: string; readonly head?: Head }) {
        assert.equal(operationName, 'RoleAssignmentExpire');
        assert.equal(head?.sequence, commits.length + 1);
        const last = commits.at(-1);
        if (last !== undefined) last.recorded += 1;
      },
    }) ?? {};
  assert.equal(job?.nextDue(), 10);
  await job.run();
  assert.deepEqual(
    commits.map(({ entries, recorded }) => [entries, recorded]),
    [64, 64, 12].map((each) => [each, each]),
  );
  assert.equal(job.nextDue(), 30);
  assert.equal([...roles.assignments()].length, 10);
});
