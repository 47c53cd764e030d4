import assert from 'node:assert/strict';
import { chmodSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkWay } from './check-way.ts';

const root = mkdtempSync(join(tmpdir(), 'way-'));
after(() => rmSync(root, { recursive: true }));
const folder = (name: string, mode: number): string => {
  const path = join(root, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
};
const file = (path: string, mode = 0o644): string => {
  writeFileSync(path, '{}');
  chmodSync(path, mode);
  return path;
};
const check = (path: string): void => checkWay(path, 'the rules');

test('a file that nobody else can change, and one in a folder where nobody takes away what others made', () => {
  check(file(join(folder('own', 0o755), 'file')));
  check(file(join(folder('shared', 0o1777), 'file'), 0o640));
});

test('a file that others may write to, and one in a folder, or below one, where they may exchange it', () => {
  assert.throws(
    () => check(file(join(root, 'open'), 0o664)),
    /others may write to .*open \(mode 664\), and with it change the rules: chmod go-w '.*open'/,
  );
  assert.throws(() => check(file(join(folder('group', 0o775), 'file'))), /others may write to .*group \(mode 775\)/);
  mkdirSync(join(folder('far', 0o757), 'near'));
  assert.throws(() => check(file(join(root, 'far/near/file'))), /others may write to .*far \(mode 757\)/);
});

test('a link from or through such a folder, and what is behind a link, as the system goes', () => {
  const open = folder('links', 0o777);
  const target = file(join(folder('target', 0o755), 'file'));
  symlinkSync(target, join(open, 'to'));
  assert.throws(() => check(join(open, 'to')), /others may write to .*links/);
  symlinkSync('links/to', join(root, 'through'));
  assert.throws(() => check(join(root, 'through')), /others may write to .*links/);
  symlinkSync(target, join(root, 'good'));
  check(join(root, 'good'));
  // The text says root/file, the system root/links/../file by way of the link.
  mkdirSync(join(open, 'inner'));
  symlinkSync('links/inner', join(root, 'deep'));
  file(join(open, 'file'));
  assert.throws(() => check(`${root}/deep/../file`), /others may write to .*links/);
  symlinkSync('round', join(root, 'round'));
  assert.throws(() => check(join(root, 'round')), /more than 40 links/);
});

test('a file, a folder or a link of another user', {
  skip: process.geteuid?.() !== 0 && 'only root gives files away',
}, () => {
  const given = file(join(root, 'given'));
  lchownSync(given, 12345, 0);
  assert.throws(() => check(given), /given belongs to another user \(12345\), who may change the rules: chown root/);
  const shared = folder('sticky', 0o1777);
  symlinkSync(file(join(root, 'ours')), join(shared, 'link'));
  check(join(shared, 'link'));
  lchownSync(join(shared, 'link'), 12345, 0);
  assert.throws(() => check(join(shared, 'link')), /link belongs to another user/);
});
