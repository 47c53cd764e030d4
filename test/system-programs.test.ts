import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

function skipReasonWith(path: string, program: string): string {
  const script = `import { skipUnless } from ${JSON.stringify(import.meta.resolve('./system-programs.ts'))}; console.log(skipUnless(${JSON.stringify(program)}))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: path },
    encoding: 'utf8',
  });
  return stdout.trim();
}

test('a missing program is named together with the line that installs it', () => {
  assert.equal(skipReasonWith('/nowhere', 'az'), 'needs az: apt-get install -y azure-cli');
});

test('a program on the path does not skip the test', (t) => {
  const folder = process.execPath.replace(/\/[^/]*$/, '');
  assert.match(skipReasonWith(folder, 'openssl'), /^(false|needs openssl: apt-get install -y openssl)$/);
  if (spawnSync('sh', ['-c', 'command -v openssl']).status !== 0) return t.skip('apt-get install -y openssl');
  assert.equal(skipReasonWith(process.env['PATH'] ?? '', 'openssl'), 'false');
});
