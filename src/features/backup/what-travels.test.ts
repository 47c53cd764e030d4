import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOfRecord, recordKinds, travels } from './what-travels.ts';

test('every kind of record has one row', () => {
  const all = recordKinds.map(({ of }) => of);
  assert.deepEqual(all, [...new Set(all)]);
  for (const kind of recordKinds) assert.equal(kindOfRecord(kind.of.endsWith('/') ? `${kind.of}x` : kind.of), kind);
});

test('a kind that has no row stays, and the longest row wins', () => {
  assert.equal(travels('something-new/x'), 'stays');
  assert.equal(travels('setting/other'), 'text');
  assert.equal(travels('setting/StrongroomEventWebhook'), 'stays');
});
