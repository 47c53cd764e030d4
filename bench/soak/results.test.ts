import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environment } from '../machine/environment.ts';
import { soakReport } from './report.ts';
import { growing, type Slice, type SoakResults } from './results.ts';

const slices = Array.from({ length: 30 }, (_, index): Slice => {
  const grown = { service: 100 + 10 * index };
  return {
    answers: 1,
    perSecond: 1,
    p99Ms: 10 + index,
    pssMiB: grown,
    descriptors: { service: 10 },
    threads: { service: 10 },
    checked: 1,
    wrong: 0,
    errors: {},
  };
});
const results: SoakResults = {
  environment: environment(),
  minutes: 10,
  connections: 64,
  slices,
  disturbance: { foreign: 0, stolen: 0 },
};

test('growth is told of ten minutes or more, and latency only of a quiet machine', () => {
  assert.deepEqual(growing(results), ['service, memory', 'p99']);
  assert.deepEqual(growing({ ...results, disturbance: { foreign: 0.5, stolen: 0 } }), ['service, memory']);
  assert.match(soakReport(results), /GROWS: service, memory; p99/);
});

test('a shorter run is too short to judge', () => {
  assert.deepEqual(growing({ ...results, minutes: 9.9 }), []);
  assert.match(soakReport({ ...results, minutes: 9.9 }), /Too short to judge/);
  assert.doesNotMatch(soakReport({ ...results, minutes: 9.9 }), /GROWS|Nothing grows/);
});
