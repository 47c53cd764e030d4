import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailText } from './detail-text.ts';
import { entryLine } from './entry-line.ts';

test('what an entry was about is read on one line, and steers no terminal', () => {
  assert.equal(
    detailText({
      roleName: 'Auditor\u001b[2J',
      exportable: false,
      key_ops: ['sign', 'verify'],
      rangesAdded: [],
      actionsAdded: ['a', 'b', 'c', 'd', 'e'],
      changes: {
        enabled: { before: true, after: false },
        exp: { before: null, after: 1_790_000_000 },
        tags: { added: ['a'], removed: [], changed: ['b'] },
      },
    }),
    'roleName=Auditor\u{fffd}[2J exportable=false key_ops=sign,verify rangesAdded=- actionsAdded=a,b,c,d,… (5 in all) ' +
      'enabled: true → false exp: - → 1790000000 tags: added a, changed b',
  );
  for (const nothing of [undefined, null, 'text', [], {}]) assert.equal(detailText(nothing), '');
});

test('an act that failed without a request is told from one that was done', () => {
  const entry = { time: '2026-11-25T00:00:00.000Z', operationName: 'EventDeliver', resultType: 'Success' };
  const line = (more: object): string => entryLine(3, { ...entry, ...more });
  assert.match(line({ resultType: 'Failed', resultSignature: 'NotDelivered' }), /EventDeliver .*  NotDelivered$/);
  assert.match(line({ resultSignature: 'OK' }), /EventDeliver +-$/);
});

test('an entry of before there were details is shown as ever', () => {
  const entry = { time: '2026-11-25T00:00:00.000Z', operationName: 'KeySign', httpStatusCode: 200, decision: 'allow' };
  const older = entryLine(3, { ...entry, properties: { PoolType: 'M-HSM' } });
  assert.match(older, /KeySign +-$/);
  assert.equal(
    entryLine(3, { ...entry, properties: { detail: { kty: 'EC-HSM' } } }),
    `${older.padEnd(140)}  kty=EC-HSM`,
  );
});
