// A year of a product with two HSMs, in a few minutes: exactly the alerts that are right, each once; every sink has what the logs have.
// `year.ts` is the script, and says beside each step who must be told what.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { FaultControl } from '../chaos/fault-control.ts';
import { skipUnless } from '../system-programs.ts';

test('a year: who has to be told is told, once, and what everybody received is the log', {
  skip: skipUnless('gcc'),
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-year-'));
  try {
    using control = await FaultControl.open(folder);
    const main = join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, folder], {
      env: { ...process.env, ...control.variables, NODE_TEST_CONTEXT: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    for await (const line of createInterface({ input: child.stdout })) context.diagnostic(line);
    assert.equal(await ended, 0, said);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
