import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FairnessRow } from './fairness.ts';
import { fairnessFaults, fairnessReport, overloadFaults, overloadReport } from './report.ts';
import type { OverloadRow } from './run.ts';

const calm = { foreign: 0, stolen: 0 };
const disturbance = { foreign: 0.5, stolen: 0 };
const overload: OverloadRow = {
  name: 'one',
  heeding: true,
  peak: 100,
  goodput: 79,
  refusedPerSecond: 5,
  connected: 5000,
  p50Ms: 1,
  p99Ms: 2,
  worstMs: 3,
  refusalP99Ms: 1,
  health: [{ path: '/livez', asked: 5, failed: 0, p50Ms: 1, worstMs: 2 }],
  errors: {},
  workerKiB: 1,
  died: [],
  disturbance: calm,
};
const fairness: FairnessRow = {
  quiet: 'one',
  blasting: 'other',
  blastPerSecond: 1,
  aloneP50Ms: 1,
  aloneP99Ms: 1,
  besideP50Ms: 1,
  besideP99Ms: 3.1,
  errors: {},
  disturbance: calm,
};

test('a bound that is not reached is named, unless others had the cores', () => {
  assert.match(overloadReport([overload]), /BOUND NOT REACHED: 79 %/);
  assert.match(fairnessReport([fairness]), /BOUND NOT REACHED: p99 is 3.1 times/);
  assert.deepEqual(overloadFaults({ ...overload, disturbance }), []);
  assert.deepEqual(fairnessFaults({ ...fairness, disturbance }), []);
  assert.match(overloadReport([{ ...overload, disturbance }]), /disturbed.*50 %/);
  assert.match(fairnessReport([{ ...fairness, disturbance }]), /disturbed.*50 %/);
  assert.deepEqual(
    [overloadFaults({ ...overload, goodput: 80 }), fairnessFaults({ ...fairness, besideP99Ms: 3 })],
    [[], []],
  );
});

test('what is lost is wrong even in a disturbed run', () => {
  const errors = { reset: 2 };
  assert.deepEqual(overloadFaults({ ...overload, disturbance, errors, died: ['service'] }), [
    'reset 2 times',
    'service died',
  ]);
  const health = [{ path: '/livez', asked: 5, failed: 1, p50Ms: 1, worstMs: 2 }];
  assert.deepEqual(overloadFaults({ ...overload, disturbance, health }), ['1 questions for /livez failed']);
  assert.deepEqual(fairnessFaults({ ...fairness, disturbance, errors }), ['reset 2 times']);
});

test('an overload that refused nothing says so', () => {
  assert.match(overloadReport([{ ...overload, refusedPerSecond: 0 }]), /use more connections/);
  assert.doesNotMatch(overloadReport([overload]), /use more connections/);
});
