import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFileNames } from './file-names.ts';
import type { Problem } from './problem.ts';
import { fakeTree } from './tree.ts';

function problems(file: string, text = ''): Problem[] {
  return checkFileNames(fakeTree({ [file]: text }));
}

test('names that say what a file does pass', () => {
  for (const file of [
    'src/store/open-store.ts',
    'src/store/store.contract.ts',
    'test/kill.test.ts',
    'scripts/run.mjs',
  ]) {
    assert.deepEqual(problems(file), [], file);
  }
});

test('other cases and drawers for odds and ends are refused', () => {
  for (const file of [
    'src/store/openStore.ts',
    'src/store/Store.ts',
    'src/utils/a.ts',
    'src/store/helpers.ts',
    'src/common/x.ts',
  ]) {
    assert.equal(problems(file).length, 1, file);
  }
});

test('default exports and barrels are refused', () => {
  assert.equal(problems('src/a.ts', "export default 1;\nexport * from './b.ts';").length, 2);
});

test('a long file is a warning, a long test is not', () => {
  const long = 'x;\n'.repeat(151);
  assert.deepEqual(
    problems('src/a.ts', long).map(({ warning }) => warning),
    [true],
  );
  assert.deepEqual(problems('src/a.test.ts', long), []);
});
