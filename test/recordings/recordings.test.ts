// Exchanges of the real service, replayed in order: what was recorded there is what is answered here, but for what is
// listed with its reason.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tableOfPage } from '../support/page-table.ts';
import { type Features, openFeatures } from './all-features.ts';
import { featuresOfFolder, skip } from './exchanges.ts';
import type { Replayed } from './replay.ts';
import { COUNTS_HEAD, count, countsTable, outlived, REASONS_HEAD, reasonsTable, unlisted } from './report.ts';

const results = new Map<string, readonly Replayed[]>();
let features: Features | undefined;
before(async () => {
  if (skip === false) features = await openFeatures();
});
after(() => features?.[Symbol.asyncDispose]());

for (const feature of featuresOfFolder()) {
  test(`${feature} is answered as recorded, but for what is listed`, async () => {
    assert.ok(features !== undefined);
    const replayed = await features.replay(feature);
    results.set(feature, replayed);
    assert.deepEqual(unlisted(replayed), []);
  });
}

test('every listed difference still occurs', { skip }, () => {
  assert.deepEqual(outlived(results), []);
});

test('at most one in twenty of what can be replayed differs', { skip }, (t) => {
  const all = [...results.values()].flat();
  const [same, differ, left] = [count(all, 'same'), count(all, 'differs'), count(all, 'left out')];
  t.diagnostic(`recorded exchanges: ${same} same, ${differ} differ (listed), ${left} not replayable`);
  assert.ok(differ * 20 <= same + differ, `${differ} of ${same + differ} differ`);
});

test('docs/reference/conformance.md tells what this run gave', { skip }, () => {
  const hint = 'run test/recordings/write-table.ts and look at what changed';
  assert.equal(tableOfPage(COUNTS_HEAD), countsTable(results), hint);
  assert.equal(tableOfPage(REASONS_HEAD), reasonsTable(results), hint);
});
