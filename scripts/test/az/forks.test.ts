import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { skipUnless } from '../../../test/system-programs.ts';
import { azForks } from './forks.ts';

const folder = mkdtempSync(join(tmpdir(), 'az-forks-'));
after(() => rmSync(folder, { recursive: true }));

/** In the place of az: says when it and what it stands on are imported, what it is given, and ends as it is told. */
const AZ = `
import os, sys, time
print("wave" in sys.modules)
import wave
print("az", *sys.argv[1:], os.environ.get("SAID"), os.getcwd(), os.environ["AZ_INSTALLER"], flush=True)
if sys.argv[1] == "wait":
    print(os.getpid(), flush=True)
    time.sleep(600)
print("a word", file=sys.stderr)
sys.exit(int(sys.argv[1]))
`;

test('a command is az with what its caller gives it; only what az stands on is there already', {
  skip: process.platform === 'linux' ? skipUnless('python3') : 'forks on Linux alone',
}, async () => {
  const clients = join(folder, 'clients');
  const work = join(folder, 'work');
  mkdirSync(join(clients, 'azure-cli/bin'), { recursive: true });
  mkdirSync(join(work, 'azure/cli'), { recursive: true });
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  symlinkSync(python, join(clients, 'azure-cli/bin/python3'));
  writeFileSync(join(work, 'azure/cli/__init__.py'), 'print("imports az", flush=True)\n');
  writeFileSync(join(work, 'azure/cli/__main__.py'), AZ);
  assert.equal(await azForks(join(folder, 'nothing')), undefined);
  await using forks = (await azForks(clients)) ?? assert.fail();
  const run = (said: string, ...args: readonly string[]): Promise<readonly unknown[]> =>
    new Promise((resolve) => {
      const env = { PATH: `${forks.folder}:${process.env['PATH']}`, SAID: said };
      execFile('az', args, { cwd: work, env }, (error, stdout, stderr) => resolve([error?.code ?? 0, stdout, stderr]));
    });
  const shown = (said: string, args: string): string => `az ${args} ${said} ${work} PIP\n`;
  assert.deepEqual(await run('one', '3', 'b c'), [3, `imports az\nFalse\n${shown('one', '3 b c')}`, 'a word\n']);
  assert.deepEqual(await run('two', '0'), [0, `imports az\nTrue\n${shown('two', '0')}`, 'a word\n']);

  const env = { PATH: `${forks.folder}:${process.env['PATH']}` };
  const waiting = spawn('az', ['wait'], { cwd: work, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of waiting.stdout) {
    said += String(chunk);
    const pid = Number(/^\d+$/m.exec(said)?.[0]);
    if (!(pid > 0)) continue;
    // Its standard output ends only when az itself has ended.
    waiting.kill();
  }
  if (waiting.exitCode === null && waiting.signalCode === null) await once(waiting, 'exit');
  assert.equal(waiting.signalCode, 'SIGTERM');
});
