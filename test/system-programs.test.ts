import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

function skipReasonWith(path: string, ...programs: readonly string[]): string {
  const script = `import { skipUnless } from ${JSON.stringify(import.meta.resolve('./system-programs.ts'))}; console.log(skipUnless(...${JSON.stringify(programs)}))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: path, STRONGROOM_CLIENTS: '/nowhere' },
    encoding: 'utf8',
  });
  return stdout.trim();
}

test('a missing program is named together with the line that installs it', () => {
  assert.equal(skipReasonWith('/nowhere', 'az'), 'needs az: test/clients/install.sh azure-cli');
});

test('what the system has and what a registry has come in one line', () => {
  const reason = skipReasonWith('/nowhere', 'az', 'openssl', 'python-azure', 'glewlwyd');
  assert.equal(
    reason,
    'needs az, openssl, python-azure, glewlwyd: apt-get install -y openssl glewlwyd && test/clients/install.sh azure-cli azure-python',
  );
});

test('a program on the path does not skip the test', (t) => {
  const folder = process.execPath.replace(/\/[^/]*$/, '');
  assert.match(skipReasonWith(folder, 'openssl'), /^(false|needs openssl: apt-get install -y openssl)$/);
  if (spawnSync('sh', ['-c', 'command -v openssl']).status !== 0) return t.skip('apt-get install -y openssl');
  assert.equal(skipReasonWith(process.env['PATH'] ?? '', 'openssl'), 'false');
});
