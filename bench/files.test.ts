import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonListFile } from './files.ts';

test('the results of several sizes are all in the file, also when the run ends before the last', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'results.json');
  const write = jsonListFile(file);
  for (const all of [[{ keys: 100 }], [{ keys: 100 }, { keys: 1000 }]]) {
    write(all.at(-1));
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), all);
  }
});
