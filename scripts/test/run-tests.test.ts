import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const RUNNER = import.meta.resolve('./run-tests.ts');

/** Runs test files with these contents in a process of their own: node:test does not run inside itself. */
function outcome(contents: Readonly<Record<string, string>>, strict: boolean): { good: boolean; output: string } {
  const root = mkdtempSync(join(tmpdir(), 'run-tests-'));
  try {
    for (const [name, text] of Object.entries(contents)) {
      writeFileSync(join(root, name), `import { test } from 'node:test';\n${text}`);
    }
    const plan = JSON.stringify({ files: Object.keys(contents), names: [], withoutPrograms: false, times: true });
    const script = `import { runTests } from ${JSON.stringify(RUNNER)};
      process.exitCode = (await runTests(${JSON.stringify(root)}, ${plan}, ${strict})) ? 0 : 1;`;
    // As a file: the runner hands its own `-e` on to the processes of the tests.
    writeFileSync(join(root, 'run.mjs'), script);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'run.mjs')], { env, encoding: 'utf8' });
    return { good: status === 0, output: stdout };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('passing tests are counted and pass', () => {
  const { good, output } = outcome(
    { 'a.test.mjs': "test('one', () => {});", 'b.test.mjs': "test('two', () => {});" },
    true,
  );
  assert.equal(good, true, output);
  assert.match(output, /ℹ pass 2\nℹ fail 0\n/);
  assert.match(output, /CPU-seconds, [^]*\d  files that share a process\n[^]*\n2 passed, 0 failed\n$/);
});

test('one failing test fails the run', () => {
  const text = "test('one', () => {}); test('two', () => { throw new Error('no'); });";
  const { good, output } = outcome({ 'a.test.mjs': text }, false);
  assert.equal(good, false);
  assert.match(output, /\n1 passed, 1 failed\n$/);
});

test('a file that breaks before its first test fails the run', () => {
  const { good, output } = outcome(
    { 'a.test.mjs': "throw new Error('broken');", 'b.test.mjs': "test('one', () => {});" },
    false,
  );
  assert.equal(good, false);
  assert.match(output, /[1-9]\d* failed\n$/);
});

test('a skipped test is listed with its reason, and fails the run where nothing may skip', () => {
  const files = {
    'a.test.mjs': "test('one', () => {}); test('needs it', { skip: 'apt-get install -y it' }, () => {});",
  };
  const lenient = outcome(files, false);
  assert.equal(lenient.good, true, lenient.output);
  assert.match(lenient.output, /skipped: needs it .*: apt-get install -y it\n/);
  const strict = outcome(files, true);
  assert.equal(strict.good, false);
  assert.match(strict.output, /in CI nothing skips: 1 skipped/);
});

test('a run in which no test passed is not a success', () => {
  assert.equal(outcome({ 'a.test.mjs': "test('x', { skip: true }, () => {});" }, false).good, false);
});
