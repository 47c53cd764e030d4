import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

test('--profile leaves a profile of a service worker at work', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-profile-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const main = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');
  const words = ['keyget', '--seconds', '1', '--connections', '16', '--profile', folder];
  const bench = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(bench, 'exit');
  const said = await text(bench.stderr);
  assert.deepEqual(await gone, [0, null], said);
  const profile = JSON.parse(readFileSync(join(folder, 'keyget.cpuprofile'), 'utf8')) as {
    readonly nodes: readonly { readonly callFrame: { readonly url: string } }[];
    readonly samples: readonly number[];
  };
  assert.ok(profile.samples.length > 0);
  assert.ok(profile.nodes.some(({ callFrame }) => /\/src\//.test(callFrame.url)));
});
