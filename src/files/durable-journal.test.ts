import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
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
