import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { openEntries } from '../read-entries.ts';
import { openIndexWriter } from './catch-up.ts';
import { matcherOf } from './filter.ts';
import { facetsText, openIndexFile } from './index-file.ts';
import { indexedEntry, useFacets } from './indexed-entry.ts';
import { anyEntry, type RecordedLog, recordedLog } from './recorded-log.fixture.ts';
import { IndexError } from './sealed.ts';
import { searchLog } from './search.ts';
import { DAY_MS, readUsage } from './usage.ts';

const entries = fc.sample(anyEntry, { numRuns: 800, seed: 11 });

async function indexedLog(): Promise<RecordedLog> {
  const log = recordedLog();
  await log.record(entries);
  assert.deepEqual(catchUp(log), []);
  return log;
}

/** @returns what was told */
function catchUp(log: RecordedLog): readonly string[] {
  const told: string[] = [];
  using writer = openIndexWriter(log, (what) => told.push(what));
  while (writer.step(5));
  assert.equal(writer.position, 768);
  assert.equal(statSync(log.path).mode & 0o777, 0o600);
  return told;
}

async function search(log: RecordedLog, filter: Parameters<typeof matcherOf>[0]): Promise<readonly number[]> {
  using index = openIndexFile(log, true);
  const found: number[] = [];
  for await (const { hits } of searchLog(log.folder, index, matcherOf(filter), { order: 'oldest' })) {
    found.push(...hits.map((hit) => hit.index));
  }
  return found;
}

/** Counted from the log by itself. */
function counted(folder: string) {
  const uses = new Map<string, { count: number; first: number; last: number; days: Record<number, number> }>();
  for (const { text } of openEntries(folder).from(0)) {
    const { facets, time } = indexedEntry(Buffer.from(text));
    const use = uses.getOrInsert(facetsText(useFacets(facets)), { count: 0, first: time, last: time, days: {} });
    use.count += 1;
    use.first = Math.min(use.first, time);
    use.last = Math.max(use.last, time);
    const day = Math.floor(time / DAY_MS);
    use.days[day] = (use.days[day] ?? 0) + 1;
  }
  return Object.fromEntries(uses);
}

async function used(log: RecordedLog) {
  using index = openIndexFile(log, true);
  const { uses, entries: of } = await readUsage(log.folder, index, 0);
  const shown = uses.map(({ facets, count, first, last, days }) => [
    facetsText(facets),
    { count, first, last, days: Object.fromEntries(days) },
  ]);
  return { of, uses: Object.fromEntries(shown) as unknown };
}

test('usage is what the log says, with the tail that the index lacks, and after the log has grown', async () => {
  using log = await indexedLog();
  assert.deepEqual(await used(log), { of: 800, uses: counted(log.folder) });
  await log.record(entries.slice(0, 100));
  assert.deepEqual(await used(log), { of: 900, uses: counted(log.folder) });
});

test('usage is as of one moment although the index is written to in each pause of the reading', async () => {
  using log = recordedLog();
  const many = [0, 1, 2].flatMap((n) =>
    entries.map((each) => ({ ...each, grant: `${n}${String(each['time'])}`, decision: 'allow' })),
  );
  await log.record(many.slice(0, 1200));
  using writer = openIndexWriter(log, assert.fail);
  while (writer.step(5));
  await log.record(many.slice(1200));
  using index = openIndexFile(log, true);
  let pauses = 0;
  const { uses, entries: of } = await readUsage(log.folder, index, 0, () => {
    pauses += 1;
    writer.step(0);
    return Promise.resolve();
  });
  assert.ok(pauses > 4 && index.entries() > 1024);
  const shown = uses.map(({ facets, count, first, last, days }) => [
    facetsText(facets),
    { count, first, last, days: Object.fromEntries(days) },
  ]);
  assert.deepEqual({ of, uses: Object.fromEntries(shown) as unknown }, { of: 2400, uses: counted(log.folder) });
});

test('names that strangers and the denied think of make no uses; what was allowed is counted by name', async () => {
  using log = recordedLog();
  const [allowed = {}] = entries.filter(({ httpStatusCode }) => httpStatusCode === 200);
  const { key: _key, grant: _grant, dataAction: _action, scope: _scope, ...asked } = allowed;
  const named = (i: number): object => ({
    requestUri: `https://dev.managedhsm.azure.net/keys/k${i}/${String(i).padStart(32, '0')}/sign?api-version=7.6`,
  });
  const refused = { ...asked, resultType: 'Failed' };
  await log.record([
    ...Array.from({ length: 300 }, (_, i) => ({
      ...refused,
      ...named(i),
      ...{ identity: '{}', httpStatusCode: 401, decision: 'unauthenticated' },
    })),
    ...Array.from({ length: 300 }, (_, i) => ({
      ...refused,
      ...named(i),
      ...{ httpStatusCode: 403, decision: 'deny', scope: `/keys/k${i}` },
    })),
    ...Array.from({ length: 300 }, () => allowed),
  ]);
  using writer = openIndexWriter(log, assert.fail);
  while (writer.step(5));
  using index = openIndexFile(log, true);
  assert.equal(index.db.prepare('SELECT count(*) AS rows FROM uses').get()?.['rows'], 3);
  const { uses } = await readUsage(log.folder, index, 0);
  assert.deepEqual(
    uses.map(({ facets, count }) => [facets.key === '', count]),
    [
      [true, 300],
      [true, 300],
      [false, 300],
    ],
  );
  assert.deepEqual(await search(log, { key: 'k7' }), [7, 307], 'a search finds them by name all the same');
});

test('only uses since the day that is asked for are given', async () => {
  using log = await indexedLog();
  using index = openIndexFile(log, true);
  const { uses } = await readUsage(log.folder, index, Math.floor(1.79e12 / DAY_MS) + 30);
  const tail = entries.slice(768).map((each) => indexedEntry(Buffer.from(JSON.stringify(each))));
  assert.deepEqual(
    new Set(uses.map(({ facets }) => facetsText(facets))),
    new Set(tail.map(({ facets }) => facetsText(useFacets(facets)))),
    'of what is behind the index alone',
  );
});

test('a process that is killed while it catches up leaves counts that are exact, and the next one goes on', async () => {
  using log = recordedLog();
  await log.record(Array.from({ length: 6 }, () => entries).flat());
  const program = `
    import { openIndexWriter } from '${import.meta.resolve('./catch-up.ts')}';
    const writer = openIndexWriter({ path: process.argv[1], folder: process.argv[2] }, console.log);
    writer.step(0);
    console.log('one');
    while (writer.step(0));
    process.kill(process.pid, 'SIGKILL');`;
  for (let kills = 0; kills < 3; kills++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, log.path, log.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    // Killed within a commit, it leaves a journal, which only who may write can undo.
    openIndexFile(log, false)[Symbol.dispose]();
    assert.deepEqual(await used(log), { of: 4800, uses: counted(log.folder) });
  }
  using writer = openIndexWriter(log, assert.fail);
  while (writer.step(20));
  assert.equal(writer.position, 4608);
});

test('several may catch up at once: each entry is counted once', async () => {
  using log = recordedLog();
  await log.record(entries);
  using one = openIndexWriter(log, assert.fail);
  using other = openIndexWriter(log, assert.fail);
  one.step(0);
  other.step(0);
  other.step(0);
  one.step(0);
  assert.equal(one.position, 768);
  assert.deepEqual(await used(log), { of: 800, uses: counted(log.folder) });
});

test('an entry of the largest size, and what is no entry at all, are found', async () => {
  using log = recordedLog();
  const large = JSON.stringify({ operationName: 'KeySign', clientInfo: `${'x'.repeat(65_000)}END`, note: 'y' });
  await log.record([...entries.slice(0, 255), large, 'no JSON at all', '[]', '7', ...entries]);
  const told: string[] = [];
  using writer = openIndexWriter(log, (what) => told.push(what));
  while (writer.step(5));
  assert.deepEqual(await search(log, { text: 'xend' }), [255]);
  assert.deepEqual(await search(log, { text: 'JSON at' }), [256]);
  assert.deepEqual(told, []);
});

const edits: Readonly<Record<string, readonly [edit: (log: RecordedLog) => void, told: RegExp]>> = {
  'by SQLite, which counts changes': [
    ({ path }) => {
      using db = new DatabaseSync(path);
      db.exec('UPDATE counts SET count = 1');
    },
    /somebody has changed it/,
  ],
  'so that it is cut': [
    ({ path }) => writeFileSync(path, readFileSync(path).subarray(0, 40_000)),
    /damaged|missing|changed/,
  ],
  'so that it is no database': [({ path }) => writeFileSync(path, 'no database'.repeat(1000)), /damaged/],
  'so that it is of another program': [
    ({ path }) => {
      rmSync(path);
      using db = new DatabaseSync(path);
      db.exec('CREATE TABLE mine (x)');
    },
    /no index of ours/,
  ],
  'so that it has another version': [
    ({ path }) => {
      using db = new DatabaseSync(path);
      db.exec('PRAGMA user_version = 99');
    },
    /another version \(99/,
  ],
};

for (const [how, [edit, reason]] of Object.entries(edits)) {
  test(`an index that was edited ${how} is not read, and made anew by who may write it`, async () => {
    using log = await indexedLog();
    edit(log);
    assert.throws(
      () => openIndexFile(log, true),
      (error) => error instanceof IndexError && reason.test(error.message),
    );
    const told = catchUp(log);
    assert.match(told.join(), reason);
    assert.deepEqual(await used(log), { of: 800, uses: counted(log.folder) });
  });
}

test('bytes changed behind the back of SQLite are noticed where they are read', async () => {
  using log = await indexedLog();
  const wanted = await search(log, { operation: 'KeySign' });
  assert.ok(wanted.length > 100);
  const whole = readFileSync(log.path);
  const hidden = (from: string, to: string): void => {
    const bytes = Buffer.from(whole);
    for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
    writeFileSync(log.path, bytes);
  };
  hidden('KeySign', 'KeySigh');
  await assert.rejects(used(log), IndexError);
  hidden('keysign', 'keysigh');
  await assert.rejects(search(log, { text: 'keysign' }), IndexError);
  // Which entry is of which kind.
  const bytes = Buffer.from(whole);
  using index = openIndexFile(log, true);
  const blob = Buffer.from(
    index.db.prepare('SELECT entries FROM segments WHERE first = 1').get()?.['entries'] as Uint8Array,
  );
  const at = bytes.indexOf(blob.subarray(0, 500));
  assert.ok(at > 0);
  bytes.fill(0, at, at + 500);
  writeFileSync(log.path, bytes);
  await assert.rejects(search(log, { operation: 'KeySign' }), IndexError);
});

test('an index of another log, or of one that has been cut or written anew since, is not read', async () => {
  using log = await indexedLog();
  const bundle = join(log.folder, 'tile/entries/002');
  const bytes = readFileSync(bundle);
  const edited = Buffer.from(bytes);
  edited.write('KeySigh', edited.indexOf('KeySign'));
  writeFileSync(bundle, edited);
  assert.throws(() => openIndexFile(log, true), /does not match the log/);
  writeFileSync(bundle, bytes);
  const checkpoint = join(log.folder, 'checkpoint');
  const note = readFileSync(checkpoint, 'utf8');
  writeFileSync(checkpoint, note.replace('strongroom/test', 'strongroom/west'));
  assert.throws(() => openIndexFile(log, true), /of another log/);
  writeFileSync(checkpoint, note);
  assert.deepEqual((await used(log)).of, 800);

  // In the middle, it shows when it is read.
  const middle = join(log.folder, 'tile/entries/001');
  const other = readFileSync(middle);
  other.write('KeySigh', other.indexOf('KeySign'));
  writeFileSync(middle, other);
  await assert.rejects(search(log, { operation: 'KeySign' }), /does not match the log/);
});

test('an index that another process has thrown away is made again, and that one is written', async () => {
  using log = await indexedLog();
  using writer = openIndexWriter(log, assert.fail);
  writer.step(0);
  rmSync(log.path);
  while (writer.step(5));
  assert.ok(existsSync(log.path));
  assert.deepEqual(await used(log), { of: 800, uses: counted(log.folder) });
  rmSync(dirname(log.path), { recursive: true });
  mkdirSync(dirname(log.path), { mode: 0o700 });
  while (writer.step(5));
  assert.equal(writer.position, 768);
});
