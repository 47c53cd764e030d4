// What is due and what has failed, of the rehearsals that an instance keeps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rehearsal, writeRehearsal } from '../../formats/rehearsal-record.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { type DepthPosture, postureOf } from './posture.ts';
import { filingChanges, Rehearsals } from './rehearsals.ts';

const HASH = Buffer.alloc(32).toString('base64url');
const NOW = Date.parse('2026-06-01T00:00:00.000Z') / 1000;

function fileInto(rehearsals: Rehearsals, verdict: Rehearsal['verdict'], day: string, filed = day): void {
  const record = writeRehearsal({
    format: 'strongroom rehearsal 1',
    depth: 'full',
    verdict,
    startedAt: `${day}T00:00:00.000Z`,
    finishedAt: `${day}T00:01:00.000Z`,
    instance: 'test',
    domainFingerprint: '0'.repeat(64),
    domain: HASH,
    required: 2,
    custodians: ['A', 'B'].map((end) => ({ custodian: HASH.slice(0, 41) + end + HASH.slice(42), outcome: 'shared' })),
    steps: [],
    problems: verdict === 'passed' ? [] : [{ kind: 'file', name: 'sd.json', problem: 'ends early', next: 'get it' }],
    ...(verdict === 'passed'
      ? {
          backup: { folder: 'mhsm-test-1', manifest: HASH, keys: 1, versions: 1 },
          sample: { file: HASH, keys: 1, unwrapped: 1 },
        }
      : {}),
  });
  const kept = { filedAt: `${filed}T01:00:00.000Z`, filedBy: 'someone', record, note: '' };
  for (const change of filingChanges(rehearsals, `${filed}-${verdict}`, kept)) feeding(rehearsals.follows)(change);
}

function fullOf(rehearsals: Rehearsals): DepthPosture | undefined {
  const schedule = { rehearsals, days: () => 366, sharedAt: () => '2026-01-01T00:00:00.000Z' };
  return postureOf(schedule, NOW).find(({ depth }) => depth === 'full');
}

test('one that failed is told of until one passes after it', () => {
  const rehearsals = new Rehearsals();
  fileInto(rehearsals, 'failed', '2026-02-01');
  assert.equal(fullOf(rehearsals)?.summary, 'never passed, FAILED 2026-02-01, due 2027-01-02');
  fileInto(rehearsals, 'passed', '2026-03-01');
  assert.equal(fullOf(rehearsals)?.summary, 'passed 2026-03-01, due 2027-03-02');
  assert.equal(fullOf(rehearsals)?.lastFailed, undefined);
  fileInto(rehearsals, 'failed', '2026-04-01');
  const { lastPassed, lastFailed, overdue, summary } = fullOf(rehearsals) ?? {};
  assert.deepEqual([lastPassed, lastFailed, overdue], ['2026-03-01T00:01:00.000Z', '2026-04-01T00:01:00.000Z', false]);
  assert.equal(summary, 'passed 2026-03-01, FAILED 2026-04-01, due 2027-03-02');
});

test('one that failed before another passed does not count, whenever it is filed', () => {
  const rehearsals = new Rehearsals();
  fileInto(rehearsals, 'passed', '2026-03-01');
  fileInto(rehearsals, 'failed', '2026-02-01', '2026-05-01');
  assert.equal(fullOf(rehearsals)?.lastFailed, undefined);
});
