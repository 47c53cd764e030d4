import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { removeFolder } from './remove-folder.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'strongroom-remove-')));
  for (const folder of ['backup', 'precious', 'above/backup']) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'part-1'), '1');
  }
});
afterEach(() => rmSync(root, { recursive: true }));

test('the folder and its files are gone, and a second time is nothing', async () => {
  await removeFolder(join(root, 'backup'));
  assert.deepEqual(readdirSync(root).sort(), ['above', 'precious']);
  await assert.rejects(removeFolder(join(root, 'backup')), { code: 'ENOENT' });
});

test('a link in the place of the folder leads to no other', async () => {
  renameSync(join(root, 'backup'), join(root, 'away'));
  symlinkSync(join(root, 'precious'), join(root, 'backup'));
  await assert.rejects(removeFolder(join(root, 'backup')), { code: 'ENOTDIR' });
  assert.deepEqual(readdirSync(join(root, 'precious')), ['part-1']);
});

test('a link further up leads to no other', async () => {
  mkdirSync(join(root, 'elsewhere/backup'), { recursive: true });
  writeFileSync(join(root, 'elsewhere/backup/part-1'), '1');
  renameSync(join(root, 'above'), join(root, 'away'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'above'));
  await removeFolder(join(root, 'above/backup'));
  assert.deepEqual(readdirSync(join(root, 'elsewhere/backup')), ['part-1']);
});

test('whoever swaps the folder for a link all the time gets nothing removed elsewhere', async () => {
  const [path, away] = [join(root, 'backup'), join(root, 'away')];
  for (let round = 0; round < 100; round++) {
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 5; file++) writeFileSync(join(path, `part-${file}`), '1');
    const removing = removeFolder(path).catch(() => undefined);
    for (let turn = 0; turn < round % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
    try {
      renameSync(path, away);
      symlinkSync(join(root, 'precious'), path);
    } catch {
      // It was gone already.
    }
    await removing;
    assert.deepEqual(readdirSync(join(root, 'precious')), ['part-1']);
    rmSync(path, { recursive: true, force: true });
    rmSync(away, { recursive: true, force: true });
  }
});
