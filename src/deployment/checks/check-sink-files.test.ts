import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { checkSinkFiles } from './check-sink-files.ts';

const root = mkdtempSync(join(tmpdir(), 'sink-files-'));
after(() => rmSync(root, { recursive: true }));

test('below a folder that a group may write to is no place for a log, and the way out leaves that folder alone', () => {
  const log = join(root, 'log');
  mkdirSync(join(log, 'strongroom'), { recursive: true, mode: 0o700 });
  chmodSync(log, 0o775);
  const path = join(log, 'strongroom/audit.jsonl');
  assert.throws(
    () => checkSinkFiles([{ name: 'a', kind: 'file', path }]),
    /others may write to .*log \(mode 775\).*, or name a file elsewhere, such as in \/var\/lib\/strongroom-sinks$/,
  );
  chmodSync(log, 0o755);
  checkSinkFiles([{ name: 'a', kind: 'file', path }]);
});

test('the file that the guide names is in a folder that the unit makes, below one that root alone may write to everywhere', () => {
  const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
  const [, folders = ''] = /^StateDirectory=(.*)$/m.exec(read('ops/systemd/strongroom.service')) ?? [];
  const [, path = ''] = /"kind": "file", "path": "([^"]+)"/.exec(read('docs/guide/sinks.md')) ?? [];
  assert.ok(
    folders.split(' ').some((folder) => dirname(path) === `/var/lib/${folder}`),
    path,
  );
});
