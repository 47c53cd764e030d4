import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mayShare, processesFor } from './processes.ts';

const QUIET = "test('one', () => {});";

test('a file that touches its process, or has hooks around each test outside a suite, shares none', () => {
  assert.equal(mayShare(QUIET), true);
  assert.equal(mayShare("describe('x', () => {\n  beforeEach(() => {});\n});"), true);
  assert.equal(mayShare('after(() => rmSync(folder));'), true);
  for (const text of ['beforeEach(() => {});', 'x = process.argv;', 'await start();', "import 'node:child_process';"]) {
    assert.equal(mayShare(`${QUIET}\n${text}`), false, text);
  }
});

test('what shares a process is imported by one file, which is gone afterwards; what starts products shares none', async () => {
  const texts: Readonly<Record<string, string>> = {
    'test/a.test.ts': QUIET,
    'src/b.test.ts': QUIET,
    'src/c.test.ts': 'afterEach(() => {});',
    'src/d.test.ts': QUIET,
  };
  let entry: string;
  {
    await using processes = await processesFor('/root', Object.keys(texts), (file) => texts[file] ?? '');
    const [first, second, last, ...more] = processes.entries;
    assert.deepEqual([first, second, more], ['/root/test/a.test.ts', '/root/src/c.test.ts', []]);
    entry = last ?? '';
    assert.equal(
      readFileSync(entry, 'utf8'),
      'import "file:///root/src/b.test.ts";\nimport "file:///root/src/d.test.ts";\n',
    );
  }
  assert.equal(existsSync(entry), false);
});

test('a file alone is run as it is', async () => {
  await using processes = await processesFor('/root', ['src/a.test.ts'], () => QUIET);
  assert.deepEqual(processes.entries, ['/root/src/a.test.ts']);
});
