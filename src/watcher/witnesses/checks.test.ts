import assert from 'node:assert/strict';
import { test } from 'node:test';
import { witnessChecks } from './checks.ts';

const rule = { hours: 24, then: 'red' } as const;
const status = { witness: 'w1', isManagement: false, origin: 'strongroom/x', size: 5, behind: 0, contradicted: false };
const log = { origin: 'strongroom/x', instance: 'dev', isManagement: false, isOverdue: false, witnesses: [status] };

test('a log that nobody has signed for long is red, one that a witness contradicts is told of, a purged one is not', () => {
  const { instance: _, ...purged } = log;
  const against = [{ ...status, contradicted: true }];
  const logs = [
    { ...log, cosignedAt: 1_790_000_000 },
    { ...log, isOverdue: true },
    { ...log, witnesses: against },
    { ...log, isOverdue: true, witnesses: against },
    { ...purged, isManagement: true },
    purged,
  ];
  assert.deepEqual(
    witnessChecks(logs, rule).map(({ component, status: is, observedValue, output }) => [
      component,
      is,
      observedValue,
      output,
    ]),
    [
      ['dev', 'pass', '2026-09-21T14:13:20.000Z', undefined],
      ['dev', 'fail', 'never', 'no witness has signed its log for 24 hours: see docs/guide/witness.md'],
      ['dev', 'warn', 'never', 'w1 has signed what is not in its log: see docs/guide/witness.md'],
      ['dev', 'fail', 'never', 'w1 has signed what is not in its log: see docs/guide/witness.md'],
      ['management', 'pass', 'never', undefined],
    ],
  );
});
