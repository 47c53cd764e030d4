import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LONG_UNITS, PlanError, planTests, SLICE } from './plan.ts';

const files = [
  'README.md',
  'bench/load.test.ts',
  'scripts/a.test.ts',
  'src/store/b.test.ts',
  'src/store/b.ts',
  'test/c.test.ts',
];

test('without arguments every test file runs, after the check', () => {
  const plan = planTests([], files);
  assert.deepEqual(plan.files, ['test/c.test.ts', 'bench/load.test.ts', 'scripts/a.test.ts', 'src/store/b.test.ts']);
  assert.equal(plan.check, true);
});

test('what takes longest begins first', () => {
  const some = [
    'src/a.test.ts',
    'test/data-plane/b.test.ts',
    'test/conformance/c.test.ts',
    'test/production/d.test.ts',
  ];
  assert.deepEqual(planTests([], some).files, some.toReversed());
});

test('--fast takes a slice alone of what starts products, and no unit file that takes long', () => {
  const some = [...files, 'test/exchanges/exchanges.test.ts', 'src/module/seal.test.ts'];
  assert.deepEqual(planTests(['--fast'], some).files, [
    'test/exchanges/exchanges.test.ts',
    'bench/load.test.ts',
    'scripts/a.test.ts',
    'src/store/b.test.ts',
  ]);
});

test('what it takes and leaves out is there', () => {
  const root = join(import.meta.dirname, '..', '..');
  for (const file of [...SLICE, ...LONG_UNITS]) assert.ok(existsSync(join(root, file)), file);
});

test('a folder, a file or a part of a path chooses', () => {
  for (const arg of ['src/store', './src/store/', 'src/store/b.test.ts', 'b.test']) {
    assert.deepEqual(planTests([arg, '--no-check'], files), {
      files: ['src/store/b.test.ts'],
      check: false,
      names: [],
      withoutPrograms: false,
      times: false,
    });
  }
});

test('a pattern that matches nothing is an error, not an empty success', () => {
  assert.throws(() => planTests(['src/gone'], files), PlanError);
  assert.throws(() => planTests(['src/store', 'typo'], files), PlanError);
  assert.throws(() => planTests([], []), PlanError);
});

test('an unknown option is refused', () => {
  assert.throws(() => planTests(['--fsat'], files), /unknown option --fsat/);
});

test('without programs, only what can skip is run, and says so to the runner', () => {
  const plan = planTests(['--without-programs'], files, (file) => file === 'test/c.test.ts');
  assert.deepEqual(plan.files, ['test/c.test.ts']);
  assert.equal(plan.withoutPrograms, true);
});
