import assert from 'node:assert/strict';
import { test } from 'node:test';
import { houseTable, judgeHouse, judgeSignWay, limits, measureHouse } from './house.ts';
import { fakeTree } from './tree.ts';

const line = (specifier: string): string => `import { x } from '${specifier}';\n`;

test('lines are counted by room, tests are left out', () => {
  const house = measureHouse(
    fakeTree({ 'src/a/one.ts': '1\n2\n', 'src/a/one.test.ts': '1\n', 'src/b/two.ts': '1\n', 'test/three.ts': '1\n' }),
  );
  assert.deepEqual(
    [...house.rooms],
    [
      ['a', 2],
      ['b', 1],
    ],
  );
  assert.equal(house.lines, 3);
  assert.deepEqual(judgeHouse(house), []);
});

test('files that import each other by way of others are one circle, whatever leads into it', () => {
  const { circles } = measureHouse(
    fakeTree({
      'src/a/one.ts': line('./two.ts'),
      'src/a/two.ts': line('./three.ts') + line('./four.ts'),
      'src/a/three.ts': line('./two.ts'),
      'src/a/four.ts': '',
    }),
  );
  assert.deepEqual(
    circles.map((circle) => [...circle].sort()),
    [['src/a/three.ts', 'src/a/two.ts']],
  );
});

test('two features that know each other are a loop, though no file is', () => {
  const { circles, loops } = measureHouse(
    fakeTree({
      'src/features/keys/make.ts': line('../release/policy.ts'),
      'src/features/release/policy.ts': '',
      'src/features/release/rows.ts': line('../keys/find.ts'),
      'src/features/keys/find.ts': '',
    }),
  );
  assert.equal(circles.length, 0);
  assert.deepEqual(
    loops.map((loop) => [...loop].sort()),
    [['src/features/keys', 'src/features/release']],
  );
});

test('the serving module is counted with all that it imports, and refused beyond its limit', () => {
  const house = measureHouse(
    fakeTree({
      'src/module/main.ts': line('../formats/long.ts'),
      'src/formats/long.ts': '\n'.repeat(limits.servingModule),
      'src/formats/other.ts': '\n',
    }),
  );
  assert.equal(house.servingModule, limits.servingModule + 1);
  assert.match(judgeHouse(house)[0]?.what ?? '', /serving module/);
});

test('a way that is too long is refused, and the table names each figure', () => {
  const way = Array.from({ length: limits.sign + 1 }, (_, at) => `src/${at}.ts`);
  assert.equal(judgeSignWay(way).length, 1);
  assert.equal(judgeSignWay(way.slice(1)).length, 0);
  assert.match(houseTable(measureHouse(fakeTree({ 'src/a/one.ts': '1\n' })), 7), /files of a sign +7 /);
});
