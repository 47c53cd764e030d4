import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growing, growthOf, isJudged, type SizeResults } from './results.ts';

function size(keys: number, cpuMicros: Readonly<Record<string, number>>): SizeResults {
  return {
    keys,
    versions: keys,
    fillMs: 1,
    storeBytes: 1,
    readyMs: 1,
    readyCpuMicros: 1,
    memoryStarted: [],
    memoryLoaded: [],
    operations: Object.entries(cpuMicros).map(([name, cpu]) => ({ name, p50Ms: 1, p99Ms: 1, cpuMicros: cpu })),
    fullListing: { ms: 1, pages: 1, keys },
    disturbance: { foreign: 0, stolen: 0 },
  };
}

test('growth compares the most keys with the fewest, whatever lies between', () => {
  const sizes = [size(1, { get: 100, list: 100 }), size(2, { get: 900, list: 100 }), size(3, { get: 110, list: 900 })];
  assert.equal(growthOf('get', sizes), 1.1);
  assert.deepEqual(growing(sizes), ['list']);
});

test('one size says nothing of growth', () => {
  assert.equal(growthOf('get', [size(1, { get: 100 })]), undefined);
  assert.deepEqual(growing([size(1, { get: 100 })]), []);
});

test('a run is judged only when nothing else took the machine', () => {
  const quiet = size(1, { get: 100 });
  assert.equal(isJudged([quiet]), true);
  assert.equal(isJudged([quiet, { ...quiet, disturbance: { foreign: 0.5, stolen: 0 } }]), false);
});
