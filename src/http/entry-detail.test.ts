import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, recordedDetail } from './entry-detail.ts';

test('only what differs is a change, and what there was not is null', () => {
  const before = { enabled: true, key_ops: ['sign'], exp: undefined, nbf: 7 };
  const after = { enabled: false, key_ops: ['sign'], exp: 9 };
  assert.deepEqual(changesOf(before, after), {
    enabled: { before: true, after: false },
    exp: { before: null, after: 9 },
    nbf: { before: 7, after: null },
  });
});

test('long lists and texts are cut and say so, within changes too', () => {
  const ranges = Array.from({ length: 130 }, (_, i) => String(i));
  const text = 'x'.repeat(3000);
  const { rangesAdded, changes } = recordedDetail({
    rangesAdded: ranges,
    changes: { description: { before: null, after: text } },
  });
  assert.deepEqual(rangesAdded, [...ranges.slice(0, 100), '… (30 more)']);
  assert.deepEqual(changes, {
    description: { before: null, after: `${text.slice(0, 2048)}… (952 characters more)` },
  });
});
