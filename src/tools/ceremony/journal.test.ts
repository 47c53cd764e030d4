import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { Refusal } from '../../formats/refusal.ts';
import { Journal, readJournal } from './journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-journal-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'journal.jsonl');
const AT = new Date('2026-01-31T12:00:00Z');

beforeEach(() => {
  rmSync(path, { force: true });
  const journal = Journal.open(path);
  for (const text of ['one', 'two', 'three']) journal.add({ step: 's', what: 'note', text }, 'olga', AT);
});

test('what was added is there again, in its order, and goes on where it stopped', () => {
  const journal = Journal.open(path);
  assert.deepEqual(
    journal.entries.map(({ n, text }) => [n, text]),
    [
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ],
  );
  const { head } = journal;
  assert.equal(journal.add({ step: 's', what: 'note', text: 'four' }, 'olga', AT).previous, head);
  assert.equal(readJournal(path).head, journal.head);
});

test('what a crash left of an unfinished line is no line, wherever it broke', () => {
  const before = readFileSync(path);
  const line = Buffer.from(JSON.stringify({ n: 4, text: 'vier – quatre' }));
  for (let length = 1; length <= line.length; length += 1) {
    writeFileSync(path, Buffer.concat([before, line.subarray(0, length)]));
    const journal = Journal.open(path);
    assert.equal(journal.entries.length, 3);
    journal.add({ step: 's', what: 'note', text: 'after' }, 'olga', AT);
    assert.equal(readJournal(path).entries.length, 4);
  }
});

test('a line that was edited, removed, moved or put in is found', () => {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const [one = '', two = '', three = ''] = lines;
  for (const edited of [
    [one, two.replace('two', 'zwei'), three],
    [one, three],
    [two, three],
    [one, three, two],
    [one, two, two, three],
    [one, two.replace('"olga"', '"oskar"'), three],
    [one, `${two} `, three],
    [one, 'null', three],
  ]) {
    writeFileSync(path, `${edited.join('\n')}\n`);
    assert.throws(() => readJournal(path), Refusal, edited.join('|'));
  }
});

test('the last line is held by the head that the report names', () => {
  const { head } = readJournal(path);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('three', 'drei'));
  assert.notEqual(readJournal(path).head, head);
  writeFileSync(path, text);
  appendFileSync(path, 'torn');
  assert.equal(readJournal(path).head, head);
});
