import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsOf, tableOf } from './cpu-times.ts';

test('what took most is told first, by folder and by file', () => {
  const times = [
    { file: 'src/store/a.test.ts', own: 50, children: 0 },
    { file: 'test/fault/b.test.ts', own: 20, children: 900 },
    { file: 'test/fault/c.test.ts', own: 30, children: 1000 },
  ];
  assert.equal(secondsOf(times), 20);
  assert.deepEqual(tableOf(times).split('\n').slice(1), [
    '    19.5    19.0  test/fault',
    '     0.5     0.0  src',
    '',
    '    10.3    10.0  test/fault/c.test.ts',
    '     9.2     9.0  test/fault/b.test.ts',
    '     0.5     0.0  src/store/a.test.ts',
    '',
  ]);
});
