import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, versionLines } from './api-version-table.ts';

const begins = [
  { what: 'a', since: '7.3' },
  { what: 'b', since: '7.4-preview.1' },
];

test('what begins in a preview stands with its version, and says which preview', () => {
  const lines = versionLines(begins);
  assert.ok(lines.includes('| `7.3` | stable, with previews | a |'));
  assert.ok(lines.includes('| `7.4` | stable, with previews | b (from 7.4-preview.1) |'));
  assert.ok(lines.includes('| `2016-10-01` | stable | |'));
});

test('a page that lacks a version, or says something else of it, is told the table', () => {
  const page = versionLines(begins);
  assert.deepEqual(compareVersions(page.join('\n'), begins), []);
  assert.match(compareVersions(page.slice(1).join('\n'), begins)[0]?.fix ?? '', /`2016-10-01`/);
  assert.equal(compareVersions(page.join('\n').replace('| a |', '| |'), begins).length, 1);
});
