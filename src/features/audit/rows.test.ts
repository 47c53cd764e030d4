// What a search may take of a worker that has other things to do.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Answer, RowRequest } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { ORIGIN } from '../../recorder/recorder.fixture.ts';
import { openIndexWriter } from './index/catch-up.ts';
import { matcherOf } from './index/filter.ts';
import { indexPlace, openIndexFile } from './index/index-file.ts';
import { anyEntry, CALLERS, recordedLog } from './index/recorded-log.fixture.ts';
import { searchLog } from './index/search.ts';
import { ReadingTurns, restingAsLong } from './reading-turns.ts';
import { auditRows } from './rows.ts';

const entries = fc.sample(anyEntry, { numRuns: 600, seed: 11 });

/** This log is of no instance, and has no index by that, unless it was named anew. */
function searching(folder: string, index: string, report = (_: string): void => undefined) {
  const [row] = auditRows({
    places: { audit: folder, index },
    readingTurns: new ReadingTurns(),
    indexWanted: () => undefined,
    report,
  });
  assert.ok(row !== undefined);
  const ask = async (oid: string, query: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    await row.handle({
      query: new Map(Object.entries(query)),
      origin: 'https://test',
      url: 'https://test/strongroom/v1/audit',
      principal: { oid },
    } as unknown as RowRequest<unknown>);
  return { row, ask };
}

const isThrottled = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'Throttled' && error.retryAfter !== undefined;

test('one search at a time, one that waits for each caller, five in all; the rest is told to come again', async () => {
  using log = recordedLog();
  await log.record(entries);
  const { row, ask } = searching(log.folder, dirname(log.path));
  assert.equal(row.weight, undefined, 'it takes no place among the operations of the module');
  const answered = ['a', 'a', 'b', 'c', 'd', 'e'].map((oid) => ask(oid));
  await assert.rejects(ask('a'), isThrottled);
  await assert.rejects(ask('f'), isThrottled);
  for (const { status } of await Promise.all(answered)) assert.equal(status, 200);
  assert.equal((await ask('a')).status, 200);
  await assert.rejects(ask('a', { $skiptoken: 'x' }));
  assert.equal((await ask('a')).status, 200, 'one that failed has given its turn back');
});

test('an index that its writer holds is passed over without a word, one that is damaged is told of', async () => {
  using log = recordedLog();
  await log.record(entries);
  const checkpoint = join(log.folder, 'checkpoint');
  const named = readFileSync(checkpoint, 'utf8').replaceAll(ORIGIN, `strongroom/${randomUUID()}`);
  writeFileSync(checkpoint, named);
  const place = indexPlace(dirname(log.path), log.folder);
  {
    using writer = openIndexWriter(place, assert.fail);
    while (writer.step(50));
  }
  const told: string[] = [];
  const { ask } = searching(log.folder, dirname(log.path), (what) => told.push(what));
  const indexed = async (): Promise<unknown> => ((await ask('a')).body as { readonly indexed: number }).indexed;
  assert.equal(await indexed(), 512);
  {
    using held = new DatabaseSync(place.path);
    held.exec('BEGIN EXCLUSIVE');
    assert.equal(await indexed(), 0);
  }
  assert.deepEqual(told, []);
  assert.equal(await indexed(), 512);
  writeFileSync(place.path, 'no index');
  assert.equal(await indexed(), 0);
  assert.deepEqual(told, ['the index of the audit log']);
});

test('whoever reads rests as long as it has worked', async () => {
  let time = 0;
  const rested: number[] = [];
  const pause = restingAsLong(
    () => time,
    (ms) => {
      rested.push(ms);
      time += ms;
      return Promise.resolve();
    },
  );
  for (const worked of [7, 0.5, 120]) {
    time += worked;
    await pause();
  }
  assert.deepEqual(rested, [7, 1, 120]);
});

test('a search rests after each bundle that it reads, and after each part of the index', async (t) => {
  using log = recordedLog();
  await log.record(entries);
  // What is slow rests more often.
  t.mock.method(performance, 'now', () => 0);
  const pausesOf = async (indexed: boolean, text: string | undefined): Promise<number> => {
    using index = indexed ? openIndexFile(log, true) : undefined;
    let pauses = 0;
    const pause = (): Promise<void> => {
      pauses += 1;
      return Promise.resolve();
    };
    const matcher = matcherOf({ caller: CALLERS[0], text });
    for await (const _ of searchLog(log.folder, index, matcher, { order: 'newest' }, pause));
    return pauses;
  };
  assert.equal(await pausesOf(false, undefined), 2, 'the third was the last one');
  {
    using writer = openIndexWriter(log, assert.fail);
    while (writer.step(50));
  }
  // The tail, the facets, two bundles and the run of blocks; with a text, the texts.
  assert.equal(await pausesOf(true, undefined), 4);
  assert.equal(await pausesOf(true, 'keysign'), 5);
});
