import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openIndexWriter } from '../../src/features/audit/index/catch-up.ts';
import { matcherOf, readFilter } from '../../src/features/audit/index/filter.ts';
import { openIndexFile } from '../../src/features/audit/index/index-file.ts';
import { indexedEntry } from '../../src/features/audit/index/indexed-entry.ts';
import { searchLog } from '../../src/features/audit/index/search.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { questionsOf } from './questions.ts';
import { writeBundles } from './write-log.ts';

/** More than the index has in one segment. */
const SIZE = 260 * 256;
const folder = mkdtempSync(join(tmpdir(), 'bench-questions-'));
after(() => rmSync(folder, { recursive: true }));

test('to each question the index of a long log answers what a look at every entry does', async () => {
  const place = { folder: join(folder, 'audit'), path: join(folder, 'index', 'of.db') };
  assert.equal(writeBundles(place.folder, SIZE, 0, Number.POSITIVE_INFINITY), undefined);
  using writer = openIndexWriter(place, assert.fail);
  while (writer.step(1000));
  assert.equal(writer.position, SIZE);
  const asked = questionsOf(SIZE).map(({ name, filter }) => ({
    name,
    matcher: matcherOf(readFilter(filter)),
    wanted: [] as number[],
  }));
  for (const { index, text } of openEntries(place.folder).from(0)) {
    const entry = indexedEntry(Buffer.from(text));
    for (const { matcher, wanted } of asked) if (matcher.matches(entry)) wanted.push(index);
  }
  using index = openIndexFile(place, true);
  let many = 0;
  for (const { name, matcher, wanted } of asked) {
    const found: number[] = [];
    for await (const { hits } of searchLog(place.folder, index, matcher, { order: 'newest' })) {
      found.push(...hits.map((hit) => hit.index));
      if (found.length > 5_000) break;
    }
    assert.deepEqual(found, wanted.toReversed().slice(0, found.length), name);
    assert.ok(found.length > 5_000 || found.length === wanted.length, name);
    if (found.length > 0) many += 1;
  }
  assert.ok(many >= 14, String(many));
});
