import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { openIndexWriter } from '../audit/index/catch-up.ts';
import { facetsText } from '../audit/index/index-file.ts';
import { anyEntry, CALLERS, type RecordedLog, recordedLog, VERSIONS } from '../audit/index/recorded-log.fixture.ts';
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

test('an index whose writer was killed, or that was changed in its middle, is passed over and told of', async () => {
  using log = recordedLog();
  await log.record(entries);
  index(log);
  const wanted = await sums(openUsage(log.folder));
  const told: string[] = [];
  const indexed = openUsage(log.folder, { place: () => log, report: (what) => told.push(what) });
  assert.deepEqual(await sums(indexed), wanted);
  assert.deepEqual(told, []);
  const sound = readFileSync(log.path);

  {
    using writer = new DatabaseSync(log.path);
    writer.exec('BEGIN EXCLUSIVE');
    assert.deepEqual(await sums(indexed), wanted);
    assert.deepEqual(told, [], 'one that is being written is nothing to mend');
  }

  // The hashes of rows do not fit any more; opening does not look at it.
  const changed = sound.toString('latin1').replaceAll('"KeySign"', '"KeySogn"');
  writeFileSync(log.path, changed, 'latin1');
  assert.deepEqual(await sums(indexed), wanted);
  assert.deepEqual(told, ['the index of the audit log']);

  writeFileSync(log.path, sound);
  const killed = `const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(${JSON.stringify(log.path)}).exec('PRAGMA cache_size = 2; BEGIN; UPDATE counts SET count = count + 1; UPDATE ids SET hashes = zeroblob(9000)');
    process.kill(process.pid, 'SIGKILL')`;
  spawnSync(process.execPath, ['-e', killed]);
  assert.ok(statSync(`${log.path}-journal`).size > 0, 'a journal is left, which only a writer can undo');
  assert.deepEqual(await sums(indexed), wanted);
  assert.equal(told.length, 2);
});

test('what was done before the clock was wrong for a while is found without an index; a machine that was right is not read for ever', async () => {
  using log = recordedLog();
  const now = 1.79e12;
  const entry = (time: number, operation: string): object => ({
    ...{ time: new Date(time).toISOString(), operationName: operation, resultType: 'Success', resultSignature: 'OK' },
    identity: JSON.stringify({
      claim: { http_schemas_microsoft_com_identity: { claims: { objectidentifier: CALLERS[0] } } },
    }),
    ...{ httpStatusCode: 200, decision: 'allow', grant: 'g', key: `/keys/tde/${VERSIONS[0]}` },
  });
  const many = (count: number, time: number, operation: string): readonly object[] =>
    Array.from({ length: count }, (_, i) => entry(time + i, operation));
  const day = Math.floor(now / DAY_MS) - 30;
  const count = async (most?: number): Promise<readonly unknown[]> => {
    const { uses, entries, gaveUp } = await openUsage(log.folder, most === undefined ? {} : { most }).uses(day);
    return [dependencesIn(uses, 'tde').map((each) => each.count), entries, gaveUp];
  };
  await log.record(many(66 * 256, 1.5e12, 'KeySign'));
  await log.record(many(300, now - 3_600_000, 'KeyUnwrap'));
  assert.deepEqual(await count(), [[300], 300 + 64 * 256, false], 'older ones for a while, and no more');
  await log.record(many(600, 1.6e12, 'KeyGet'));
  await log.record(many(50, now - 1_000, 'KeyGet'));
  // The clock was wrong once: nothing that is old says any more that all before is.
  const all = 66 * 256 + 300 + 600 + 50;
  assert.deepEqual(await count(), [[300], all, false]);
  assert.deepEqual([(await count(4_096))[0], (await count(4_096))[2]], [[300], true]);
  // For longer than is read: nobody knows, which is not nobody.
  await log.record(many(66 * 256, 1.55e12, 'KeyGet'));
  await log.record(many(50, now, 'KeyGet'));
  const [found, read, gaveUp] = await count();
  assert.deepEqual([found, gaveUp], [[], true]);
  assert.ok(Number(read) < 67 * 256);
});
