import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RunningState } from '../deployment/running-state.ts';
import { startDemo } from './run-demo.ts';

const state = {
  ...{ dataRoot: '/nothing/is/here', ca: '', port: 1 },
  uris: { proxy: 'http://127.0.0.1:1' },
} as unknown as RunningState;

/** As another process shows it, with all that it prints. */
function demonstrated(isShown: boolean): readonly [worked: string, told: string] {
  const program = `
    const { startDemo } = await import(process.argv[1]);
    const demo = startDemo(JSON.parse(process.argv[2]), new AbortController().signal);
    const goesOn = setInterval(() => {}, 60_000);
    console.log(await demo(${isShown}));
    clearInterval(goesOn);
  `;
  const own = fileURLToPath(new URL('run-demo.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, own];
  const { stdout, stderr } = spawnSync(process.execPath, [...args, JSON.stringify(state)], { encoding: 'utf8' });
  return [stdout, stderr];
}

test('a demonstration that was begun early and is not to be shown ends without a word', () => {
  assert.deepEqual(demonstrated(false), ['false\n', '']);
});

test('one that is shown and does not work says why', () => {
  const [worked, told] = demonstrated(true);
  assert.match(`${worked}${told}`, /nothing\/is\/here/);
  assert.match(worked, /false\n$/);
});

test('one whose start is stopped was told to end', async () => {
  const stop = new AbortController();
  const demo = startDemo(state, stop.signal);
  stop.abort();
  assert.equal(await demo(), true);
});
