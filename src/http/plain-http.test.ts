import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Whether a process that has loaded this holds Node's own client. */
function loadsClient(specifier: string): boolean {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval'];
  const said = "console.log(process.moduleLoadList.some((name) => name.endsWith('/undici')))";
  return JSON.parse(
    execFileSync(process.execPath, [...flags, `await import('${specifier}'); ${said}`], { encoding: 'utf8' }),
  ) as boolean;
}

test('no process that serves loads the client that nobody uses', () => {
  assert.equal(loadsClient('node:http'), true, 'it would be seen');
  for (const file of ['service/instance-service.ts', 'control/control-process.ts', 'cli/https-exchange.ts']) {
    assert.equal(loadsClient(fileURLToPath(new URL(`../${file}`, import.meta.url))), false, file);
  }
});
