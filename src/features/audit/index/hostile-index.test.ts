// An index that somebody has written who knows how: its checksums and counts of changes are right, as anybody can make them. Whoever reads
// it is told nothing that is not so, and comes to an end.
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { openIndexWriter } from './catch-up.ts';
import { type AuditFilter, matcherOf } from './filter.ts';
import { openIndexFile } from './index-file.ts';
import { anyEntry, type RecordedLog, recordedLog } from './recorded-log.fixture.ts';
import { IndexError, sealed, unsealed } from './sealed.ts';
import { searchLog } from './search.ts';
import { readUsage } from './usage.ts';

const entries = fc.sample(anyEntry, { numRuns: 512, seed: 5 });

async function indexedLog(): Promise<RecordedLog> {
  const log = recordedLog();
  await log.record(entries);
  using writer = openIndexWriter(log, assert.fail);
  while (writer.step(50));
  return log;
}

/** Changes it so that its counter of changes is right. */
function forge({ path }: RecordedLog, edit: (db: DatabaseSync) => void): void {
  using db = new DatabaseSync(path);
  const descriptor = openSync(path, 'r');
  const counter = Buffer.alloc(4);
  readSync(descriptor, counter, 0, 4, 24);
  db.exec('PRAGMA synchronous = OFF; BEGIN IMMEDIATE');
  edit(db);
  db.prepare('UPDATE about SET changes = ?').run(counter.readUInt32BE() + 1);
  db.exec('COMMIT');
  closeSync(descriptor);
}

const COLUMNS = [
  ['words', 'records', () => 'words 0'],
  ['kinds', 'records', () => 'kinds 0'],
  ['segments', 'bundles', () => 'bundles 0 1'],
  ['segments', 'kinds', () => 'kinds 0 1'],
  ['segments', 'entries', () => 'entries 0 1'],
] as const;

function forgeValue(log: RecordedLog, at: number, change: (bytes: Buffer) => Uint8Array): void {
  const [table, column, place] = COLUMNS[at] ?? assert.fail();
  forge(log, (db) => {
    const was = db.prepare(`SELECT ${column} AS value FROM ${table} WHERE first = 0`).get()?.['value'];
    const bytes = change(Buffer.from(unsealed(was, place())));
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE first = 0`).run(sealed(bytes, place()));
  });
}

async function search(log: RecordedLog, filter: AuditFilter, isIndexed = true): Promise<readonly number[]> {
  using index = isIndexed ? openIndexFile(log, true) : undefined;
  const found: number[] = [];
  for await (const { hits } of searchLog(log.folder, index, matcherOf(filter), { order: 'oldest' }))
    found.push(...hits.map((hit) => hit.index));
  return found;
}

const ends = (to: (i: number, count: number) => number) => (bytes: Buffer) => {
  const count = bytes.readUInt32LE(0);
  for (let i = 0; i < count; i++) bytes.writeUInt32LE(to(i, count), 4 + 4 * i);
  return bytes;
};
const many = (records: number): Buffer => {
  const bytes = Buffer.alloc(4 + 4 * records);
  bytes.writeUInt32LE(records);
  return bytes;
};
const [words, kinds] = [0, 1];
const edits: Readonly<Record<string, (log: RecordedLog) => void>> = {
  'words that all end where they begin': (log) =>
    forgeValue(
      log,
      words,
      ends(() => 0),
    ),
  'kinds that end nowhere': (log) =>
    forgeValue(
      log,
      kinds,
      ends(() => 0xfffffffc),
    ),
  'kinds that end within a number': (log) =>
    forgeValue(log, kinds, (bytes) => {
      bytes.writeUInt32LE(bytes.readUInt32LE(4) + 1, 4);
      return bytes;
    }),
  'a chunk of too many records': (log) => forgeValue(log, kinds, () => many(200_000)),
  'a value of many megabytes': (log) => forgeValue(log, kinds, () => many(2_000_000)),
  'records that there are not': (log) =>
    forge(log, (db) => {
      const first = 2 ** 48;
      db.prepare('INSERT INTO kinds VALUES (?, ?)').run(first, sealed(many(1), `kinds ${first}`));
    }),
  'a segment of the whole log and more': (log) =>
    forge(log, (db) => {
      db.exec('DELETE FROM segments WHERE first > 0');
      const set = db.prepare('UPDATE segments SET width = ?, bundles = ?, kinds = ?, entries = ?');
      const columns = db.prepare('SELECT bundles, kinds, entries FROM segments').get() ?? {};
      const values = Object.entries(columns).map(([name, value]) =>
        sealed(unsealed(value, `${name} 0 1`), `${name} 0 ${2 ** 40}`),
      );
      set.run(2 ** 40, ...values);
    }),
};

for (const [what, edit] of Object.entries(edits)) {
  test(`an index with ${what} is not used`, async () => {
    using log = await indexedLog();
    edit(log);
    for (const filter of [{ text: 'keys/tde' }, { scope: '/keys/tde' }]) {
      await assert.rejects(search(log, filter), (error: { message: string; errcode?: number }) => {
        // SQLite: a value is too long.
        assert.ok(/ is (?:damaged|missing)$/.test(error.message) || error.errcode === 18, String(error));
        return true;
      });
    }
  });
}

test('an index with more uses than entries is not read to the end of their numbers', async () => {
  using log = await indexedLog();
  forge(log, (db) => {
    const row = db.prepare('SELECT id, hash, said FROM uses LIMIT 1').get() ?? {};
    const id = Number.MAX_SAFE_INTEGER - 1;
    db.exec(`UPDATE uses SET id = ${id} WHERE id = ${Number(row['id'])};
      UPDATE counts SET use = ${id} WHERE use = ${Number(row['id'])}`);
  });
  using index = openIndexFile(log, true);
  await assert.rejects(
    readUsage(log.folder, index, 0, () => Promise.resolve()),
    IndexError,
  );
});

test('for all bytes that are changed in an index, with checksums that are right: entries are hidden at most', async () => {
  const filters: readonly AuditFilter[] = [{ text: 'sign' }, { scope: '/keys/tde' }, { outcome: 403, text: 'norole' }];
  const whole: (readonly number[])[] = [];
  using log = await indexedLog();
  for (const filter of filters) whole.push(await search(log, filter, false));
  const change = fc.tuple(
    fc.nat(0xffff),
    fc.oneof(
      fc.nat(0x2000),
      fc.maxSafeNat().map((n) => n % 2 ** 32),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(COLUMNS.length - 1),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      async (at, changes) => {
        let kept = Buffer.alloc(0);
        forgeValue(log, at, (bytes) => {
          kept = Buffer.from(bytes);
          for (const [i, value] of changes) bytes.writeUInt32LE(value, 4 * (i % Math.floor(bytes.length / 4)));
          return bytes;
        });
        for (const [i, filter] of filters.entries()) {
          try {
            const found = await search(log, filter);
            assert.deepEqual(
              found,
              whole[i]?.filter((index) => found.includes(index)),
            );
          } catch (error) {
            if (!(error instanceof IndexError)) throw error;
          }
        }
        forgeValue(log, at, () => kept);
      },
    ),
    { numRuns: 30 },
  );
});
