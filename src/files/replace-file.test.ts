import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from './replace-file.ts';

test('a replaced file has the new content, belongs to its owner alone and leaves nothing else behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-replace-'));
  const path = join(folder, 'it.json');
  await replaceFile(path, 'old');
  await replaceFile(path, 'new');
  assert.equal(await readFile(path, 'utf8'), 'new');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['it.json']);
  await rm(folder, { recursive: true });
});

test('a replacement that fails leaves the old content and no scraps', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-replace-'));
  const path = join(folder, 'it');
  await mkdir(join(path, 'inside'), { recursive: true });
  await assert.rejects(replaceFile(path, 'new'));
  assert.deepEqual(await readdir(folder), ['it']);
  await rm(folder, { recursive: true });
});
