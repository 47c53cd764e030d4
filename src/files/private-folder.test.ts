import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makePrivateFolder } from './private-folder.ts';

test('a folder is made for its owner alone, and one that others may write to is refused', () => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-private-'));
  try {
    const path = join(root, 'a', 'b');
    makePrivateFolder(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    makePrivateFolder(path);
    chmodSync(path, 0o755);
    makePrivateFolder(path);
    assert.throws(
      () => makePrivateFolder('/proc/strongroom/data'),
      /^Error: \/proc\/strongroom\/data cannot be made \(ENOENT\)/,
    );
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
    assert.throws(() => makePrivateFolder(join(root, 'dangling')), /cannot be made/);
    for (const mode of [0o770, 0o777, 0o702]) {
      chmodSync(path, mode);
      assert.throws(() => makePrivateFolder(path), /chmod go-w/);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
