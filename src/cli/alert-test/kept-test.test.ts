import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { places } from '../../deployment/data-layout.ts';
import { testedFile } from '../../watcher/alerts/alert-files.ts';
import { Bench } from '../../watcher/alerts/alerts.fixture.ts';
import { MOST_TESTS, readTested } from '../../watcher/alerts/silences.ts';
import { keepTest } from './kept-test.ts';

const at = places(mkdtempSync(join(tmpdir(), 'kept-test-')));
mkdirSync(at.watch, { mode: 0o700 });
after(() => rmSync(at.root, { recursive: true }));

const make = (n: number) => keepTest(at, { startedAt: new Date(n), isQuiet: true, rules: [] });

test('each test is put on record once, also those that were made while nothing watched', async () => {
  const bench = new Bench([]);
  for (const count of [2, 3, 3]) {
    for (let n = readdirSync(at.root).includes('alert-tests') ? readdirSync(at.alertTests).length : 0; n < count; n++)
      await make(n);
    bench.alerts.tested(readTested(testedFile(at.watch)));
    await bench.settle();
    assert.equal(bench.acts('AlertsTested').length, count);
    bench.start();
  }
  assert.equal(new Set(bench.acts('AlertsTested').map(({ detail }) => detail.record)).size, 3);
});

test('of too many the newest are kept, and a file that does not read begins anew', async () => {
  for (let n = 100; n < 101 + MOST_TESTS; n++) await make(n);
  assert.equal(readTested(testedFile(at.watch)).length, MOST_TESTS);
  writeFileSync(testedFile(at.watch), '{');
  await make(300);
  assert.equal(readTested(testedFile(at.watch)).length, 1);
});
