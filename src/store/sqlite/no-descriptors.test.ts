import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Lists the store with ever more descriptors left, and says what each attempt came to. */
const SCRIPT = `
  import { closeSync, openSync } from 'node:fs';
  import { openSqliteStore } from '${fileURLToPath(new URL('sqlite-store.ts', import.meta.url))}';
  const store = await openSqliteStore({ folder: process.argv[1], patienceMs: 50 });
  await store.commit([], [{ key: Buffer.alloc(32, 1), revision: 1, value: Buffer.from('v') }]);
  const held = [];
  try {
    for (;;) held.push(openSync('/dev/null'));
  } catch {}
  const outcomes = [];
  for (let left = 0; left < 5; left++) {
    try {
      let rows = 0;
      for await (const batch of store.list()) rows += batch.length;
      outcomes.push(rows);
    } catch (error) {
      outcomes.push(error.name + ' ' + error.code);
    }
    closeSync(held.pop());
  }
  console.log(JSON.stringify(outcomes));
`;

test('however few descriptors are left, a store that cannot be read says so as a store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-descriptors-'));
  try {
    const shell = 'ulimit -n 64 && exec "$@"';
    const node = [process.execPath, '--input-type=module', '-e', SCRIPT, folder];
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', shell, 'sh', ...node], { encoding: 'utf8' });
    const outcomes = JSON.parse(stdout === '' ? JSON.stringify([stderr]) : stdout) as unknown[];
    assert.equal(outcomes.at(-1), 1);
    const failed = outcomes.filter((outcome) => outcome !== 1);
    assert.ok(failed.length > 0);
    assert.deepEqual(new Set(failed), new Set(['StoreError Unavailable']));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
