// Commands as text that an operator can read: what was typed after `$ `, what it printed, what it said to a person after `! `, and
// its exit code after `= `, where that is not 0. FOLDER is a folder of the scenario's own.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispatch } from '../../src/cli/dispatch.ts';
import { nouns } from '../../src/cli/nouns.ts';

delete process.env['STRONGROOM_DATA'];

for (const file of globSync('*.txt', { cwd: import.meta.dirname }).sort()) {
  const [title = '', ...steps] = readFileSync(join(import.meta.dirname, file), 'utf8').split(/^(?=\$ )/m);
  test(title.replace(/^# /, '').trim(), async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'strongroom-scenario-'));
    context.after(() => rmSync(folder, { recursive: true }));
    for (const step of steps) {
      const [typed = '', ...expected] = step.trimEnd().replaceAll('FOLDER', folder).split('\n');
      assert.deepEqual(await run(typed.slice('$ strongroom '.length)), expected, typed);
    }
  });
}

/** @param line with words in single quotes, where they have spaces */
async function run(line: string): Promise<readonly string[]> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const shown = { out: '', err: '' };
  const code = await dispatch(nouns, '0', words, {
    out: (text) => void (shown.out += text),
    err: (text) => void (shown.err += text),
  });
  const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.trimEnd().split('\n'));
  return [
    ...linesOf(shown.out),
    ...linesOf(shown.err).map((each) => `! ${each}`),
    ...(code === 0 ? [] : [`= ${code}`]),
  ];
}
