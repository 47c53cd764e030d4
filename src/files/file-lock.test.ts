import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockFile } from './file-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-lock-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a second holder is refused until the first lets go, and no other file lies beside the lock', () => {
  const path = join(folder, 'lock');
  const first = lockFile(path);
  assert.ok(first !== undefined);
  assert.equal(lockFile(path), undefined);
  assert.deepEqual(readdirSync(folder), ['lock']);
  first[Symbol.dispose]();
  const second = lockFile(path);
  assert.ok(second !== undefined);
  second[Symbol.dispose]();
});
