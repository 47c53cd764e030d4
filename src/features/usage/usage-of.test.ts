import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openIndexWriter } from '../audit/index/catch-up.ts';
import { facetsText } from '../audit/index/index-file.ts';
import { anyEntry, type RecordedLog, recordedLog } from '../audit/index/recorded-log.fixture.ts';
import { DAY_MS } from '../audit/index/usage.ts';
import { openUsage, type Usage } from './usage-of.ts';
import { dependencesIn } from './uses.ts';

const entries = fc.sample(anyEntry, { numRuns: 700, seed: 7 });
const DAY = Math.floor(1.79e12 / DAY_MS);

async function sums(usage: Usage, sinceDay = DAY) {
  const { uses, ...read } = await usage.uses(sinceDay);
  const all = uses.map(({ facets, ...rest }) => [facetsText(facets), { ...rest, days: Object.fromEntries(rest.days) }]);
  return { ...read, uses: Object.fromEntries(all) as object };
}

function index(log: RecordedLog): void {
  using writer = openIndexWriter(log, () => undefined);
  while (writer.step(5));
}

test('with an index and the entries that it lacks the sums are those of the log alone; one that is damaged is passed over', async () => {
  using log = recordedLog();
  await log.record(entries.slice(0, 600));
  const plain = openUsage(log.folder);
  const indexed = openUsage(log.folder, { place: () => log });
  index(log);
  await log.record(entries.slice(600));
  const wanted = await sums(plain);
  assert.deepEqual([wanted.entries, wanted.gaveUp], [entries.length, false]);
  assert.deepEqual(await sums(indexed), wanted);
  assert.deepEqual((await sums(indexed, DAY + 2)).uses, {});
  const of = async (usage: Usage) => dependencesIn((await usage.uses(DAY)).uses, 'tde');
  assert.ok((await of(plain)).length > 0);
  assert.deepEqual(await of(indexed), await of(plain));
  // Only so much of the log as a request may take, where there is no index.
  const bounded = await openUsage(log.folder, { most: 100 }).uses(DAY);
  assert.equal(bounded.gaveUp, true);
  assert.equal((await openUsage(log.folder, { most: 100, place: () => log }).uses(DAY)).gaveUp, false);

  writeFileSync(log.path, 'no database');
  assert.deepEqual(await sums(indexed), wanted);
});

test('what is missing of a log, or does not read, is an error', async () => {
  using log = recordedLog();
  await log.record([...entries.slice(0, 300), 'no entry']);
  await assert.rejects(openUsage(log.folder).uses(DAY), /entry 300 of the log does not read/);
  await assert.rejects(
    openUsage(log.folder).calls({ since: '' }, () => undefined),
    /entry 300 .* does not read/,
  );
  writeFileSync(join(log.folder, 'checkpoint'), 'no checkpoint');
  await assert.rejects(openUsage(log.folder).uses(DAY));
});
