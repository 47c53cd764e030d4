import assert from 'node:assert/strict';
import fs, { appendFileSync, fstatSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DurableJournal, readJournal } from './durable-journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-journal-'));
after(() => rmSync(folder, { recursive: true }));

test('lines are read back in their order; there is no file before the first', () => {
  const path = join(folder, 'whole');
  const journal = DurableJournal.open(path);
  assert.deepEqual([journal.found, readJournal(path)], [[], []]);
  journal.add('one');
  journal.add('zwölf');
  assert.equal(readFileSync(path, 'utf8'), 'one\nzwölf\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(DurableJournal.open(path).found, ['one', 'zwölf']);
});

test('what was left of an unfinished line is no line, and the next takes its place', () => {
  const path = join(folder, 'torn');
  const journal = DurableJournal.open(path);
  journal.add('one');
  appendFileSync(path, 'tw');
  assert.deepEqual(readJournal(path), ['one']);
  assert.deepEqual(DurableJournal.open(path).found, ['one']);
  journal.add('three');
  assert.equal(readFileSync(path, 'utf8'), 'one\nthree\n');
});

test('what is found of somebody who died before the folder was synced is durable, name and all', ({ mock }) => {
  const path = join(folder, 'left');
  writeFileSync(path, 'one\n');
  const synced: number[] = [];
  const real = fs.fsyncSync;
  const { mock: watched } = mock.method(fs, 'fsyncSync', (file: number) => {
    synced.push(fstatSync(file).ino);
    real(file);
  });
  syncBuiltinESMExports();
  try {
    assert.deepEqual(DurableJournal.open(path).found, ['one']);
  } finally {
    watched.restore();
    syncBuiltinESMExports();
  }
  assert.deepEqual(synced, [statSync(path).ino, statSync(folder).ino]);
});
