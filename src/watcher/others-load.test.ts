import assert from 'node:assert/strict';
import { test } from 'node:test';
import { othersLoad, used } from './others-load.ts';

/** Milliseconds that two processors were not idle, and of these our own, in the second since the one before. */
function inSeconds(...seconds: readonly (readonly [all: number, own: number])[]): readonly number[] {
  let now = { at: 0, idle: 5_000, counted: 2, own: 700, processors: 2 };
  const load = othersLoad(() => now);
  return seconds.map(([all, own]) => {
    now = { ...now, at: now.at + 1_000, idle: now.idle + 2_000 - all, own: now.own + own };
    return load();
  });
}

test('it is what others use, not we: nothing while they leave enough, all when little is left', () => {
  assert.deepEqual(
    inSeconds([0, 0], [1_000, 0], [1_000, 1_000], [2_000, 900], [1_600, 0], [2_000, 0]),
    [0, 0, 0, 0, 1, 1],
  );
  const [half = 0] = inSeconds([1_450, 0]);
  assert.ok(Math.abs(half - 0.5) < 1e-9);
});

test('it is looked at again after a while, for the system counts in steps', () => {
  let now = { at: 0, idle: 0, counted: 1, own: 0, processors: 1 };
  const load = othersLoad(() => now);
  now = { ...now, at: 100 };
  assert.equal(load(), 0);
  now = { ...now, at: 300 };
  assert.equal(load(), 1);
});

test('where a container has fewer processors than the machine these count, and where nobody says what is idle, none is', () => {
  const busy = { model: '', speed: 0, times: { user: 1, nice: 0, sys: 0, idle: 2, irq: 0 } };
  const system = { cpus: () => Array.from({ length: 64 }, () => busy), availableParallelism: () => 2 };
  assert.deepEqual({ ...used(system), at: 0, own: 0 }, { at: 0, own: 0, idle: 128, counted: 64, processors: 2 });
  let now = { at: 0, idle: 0, counted: 64, own: 0, processors: 2 };
  const load = othersLoad(() => now);
  const inASecond = (busy: number): number => {
    now = { ...now, at: now.at + 1_000, idle: now.idle + 64_000 - busy };
    return load();
  };
  assert.deepEqual([inASecond(1_000), inASecond(1_600), inASecond(32_000)], [0, 1, 1]);
  let at = 0;
  assert.equal(othersLoad(() => ({ ...used({ ...system, cpus: () => [] }), at: (at += 1_000) }))(), 1);
});

test('of this machine it is told', () => {
  let at = 0;
  const load = othersLoad();
  for (const until = performance.now() + 300; performance.now() < until; ) at = load();
  assert.ok(at >= 0 && at <= 1);
});
