import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFile, createFileInPlace, replaceFile } from './durable-file.ts';
import { createFileSync, replaceFileSync } from './durable-file-sync.ts';

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

test('a file that is made never replaces one, and leaves nothing else behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-create-'));
  const path = join(folder, 'it');
  await createFile(path, 'first');
  await assert.rejects(createFile(path, 'second'), { code: 'EEXIST' });
  await assert.rejects(createFileInPlace(path, 'second'), { code: 'EEXIST' });
  assert.equal(createFileSync(path, 'second'), false);
  assert.equal(await readFile(path, 'utf8'), 'first');
  assert.deepEqual(await readdir(folder), ['it']);
  await rm(folder, { recursive: true });
});

test('content that fails is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-create-'));
  const path = join(folder, 'it');
  async function* failing() {
    yield Buffer.from('beginning');
    throw new Error('no more');
  }
  for (const make of [replaceFile, createFile, createFileInPlace]) {
    await assert.rejects(make(path, failing()), /no more/);
    assert.deepEqual(await readdir(folder), []);
  }
  await rm(folder, { recursive: true });
});

test('a process that may not sync has its content written through and its folder synced by another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-through-'));
  const synced: string[] = [];
  await replaceFile(join(folder, 'it'), 'new', { folder: async (path) => void synced.push(path) });
  assert.equal(await readFile(join(folder, 'it'), 'utf8'), 'new');
  assert.deepEqual(synced, [folder]);
  await rm(folder, { recursive: true });
});

test('what is replaced at once is synced, file and folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-sync-'));
  let synced = 0;
  replaceFileSync(join(folder, 'it'), 'old', () => synced++);
  replaceFileSync(join(folder, 'it'), 'new', () => synced++);
  assert.equal(await readFile(join(folder, 'it'), 'utf8'), 'new');
  assert.deepEqual(await readdir(folder), ['it']);
  assert.equal(synced, 4);
  await rm(folder, { recursive: true });
});
