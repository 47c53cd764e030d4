import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { indexPlace } from '../features/audit/index/index-file.ts';
import { type RecordedLog, recordedLog } from '../features/audit/index/recorded-log.fixture.ts';
import { keepCaughtUp } from './keep-caught-up.ts';

const ID = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';

async function logOf(id: string): Promise<RecordedLog> {
  const log = recordedLog();
  await log.record(Array.from({ length: 256 }, (_, n) => ({ operationName: 'KeySign', n })));
  const checkpoint = join(log.folder, 'checkpoint');
  writeFileSync(checkpoint, readFileSync(checkpoint, 'utf8').replace('strongroom/test', `strongroom/${id}`));
  return log;
}

test('an instance that is purged, with its log and index, ends nothing and gets no index again', async () => {
  using log = await logOf(ID);
  const indexes = dirname(log.path);
  const stop = new AbortController();
  const said: string[] = [];
  let goOn = Promise.withResolvers<void>();
  const kept = keepCaughtUp(
    indexes,
    [log.folder],
    stop.signal,
    (what) => said.push(what),
    () => (goOn = Promise.withResolvers()).promise,
  );
  const look = async (): Promise<void> => {
    goOn.resolve();
    await setImmediate();
  };
  const { path } = indexPlace(indexes, log.folder);
  assert.ok(readdirSync(indexes).length > 0);
  renameSync(log.folder, `${log.folder}-purged`);
  for (const name of readdirSync(indexes)) rmSync(join(indexes, name));
  for (let looks = 0; looks < 3; looks++) await look();
  assert.match(said.at(-1) ?? '', /is not caught up: the log in .* does not say what it is called/);
  assert.deepEqual(readdirSync(indexes), []);
  // Its log is back, as when it was only moved.
  renameSync(`${log.folder}-purged`, log.folder);
  await look();
  assert.deepEqual(
    readdirSync(indexes).filter((name) => path.endsWith(name)),
    [path.slice(indexes.length + 1)],
  );
  stop.abort();
  await look();
  await kept;
});

test('what other versions have left is removed, and of nothing else', async () => {
  using log = await logOf(ID);
  const indexes = dirname(log.path);
  mkdirSync(indexes, { recursive: true });
  const { path } = indexPlace(indexes, log.folder);
  const own = path.slice(indexes.length + 1);
  assert.match(own, /^[-0-9a-f]{36}\.\d+\.db$/);
  const old = [`${ID}.db`, `${ID}.db-journal`, `${ID}.3.db`, `${ID}.99.db-journal`];
  const kept = ['notes.db', `${ID}.txt`, own];
  for (const name of [...old, ...kept]) writeFileSync(join(indexes, name), '');
  await keepCaughtUp(indexes, [], AbortSignal.abort(), assert.fail);
  assert.deepEqual(readdirSync(indexes).sort(), kept.sort());
});
