import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine } from './printable.ts';
import { type Rehearsal, readRehearsal, writeRehearsal } from './rehearsal-record.ts';
import { ShapeError } from './shape.ts';

const HASH = 'A'.repeat(43);
const OTHER = 'B'.repeat(43);
const passed: Rehearsal = {
  format: 'strongroom rehearsal 1',
  depth: 'reachability',
  verdict: 'passed',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-02T00:00:00.000Z',
  instance: 'east',
  domainFingerprint: '0'.repeat(64),
  domain: HASH,
  required: 2,
  custodians: [HASH, OTHER].map((custodian) => ({ custodian, outcome: 'answered' })),
  steps: [],
  problems: [],
  challenge: HASH,
};

test('a record reads back as it was written', () => {
  assert.deepEqual(readRehearsal(writeRehearsal(passed)), passed);
});

test('a record that contradicts itself is refused, whatever it claims', () => {
  const [first, second] = passed.custodians;
  assert.ok(first !== undefined && second !== undefined);
  const problem = { kind: 'custodian', name: 'x', problem: 'y', next: 'z' } as const;
  const { challenge: _, ...unchallenged } = passed;
  const contradictions: readonly Rehearsal[] = [
    { ...passed, custodians: [first, { ...second, outcome: 'missing' }] },
    { ...passed, custodians: [first] },
    { ...passed, custodians: [first, first] },
    { ...passed, problems: [problem] },
    { ...passed, steps: [{ name: 'restore', milliseconds: 1, outcome: 'failed' }] },
    { ...passed, verdict: 'failed' },
    { ...passed, finishedAt: '2025-12-31T00:00:00.000Z' },
    unchallenged,
    { ...passed, depth: 'full' },
    { ...unchallenged, depth: 'full' },
  ];
  for (const [index, each] of contradictions.entries()) {
    assert.throws(() => readRehearsal(JSON.stringify(each)), ShapeError, `contradiction ${index}`);
  }
});

test('a member that is wrong is named; unknown ones, other formats and control characters are refused', () => {
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ extra: 1 }, /record has the unknown member "extra"/],
    [{ format: 'strongroom rehearsal 2' }, /record\.format/],
    [{ domain: 'x' }, /record\.domain must be a SHA-256/],
    [{ instance: 'a\u001b[2J' }, /record\.instance must be/],
    [{ startedAt: '2026-01-01' }, /record\.startedAt must be an ISO time/],
    [{ required: 1 }, /record\.required/],
  ];
  for (const [change, message] of bad) {
    assert.throws(() => readRehearsal(JSON.stringify({ ...passed, ...change })), { name: 'ShapeError', message });
  }
  assert.throws(() => readRehearsal(' '.repeat(70_000)), /longer than 64 KiB/);
  assert.throws(() => readRehearsal('{'), /not JSON/);
});

test('whatever an error said becomes one line that terminals may show', () => {
  assert.equal(oneLine('a\nb\u001b[31mc\u202ed'), 'a b [31mc d');
  assert.equal(oneLine('x'.repeat(5000)).length, 1000);
});
