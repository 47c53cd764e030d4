// What is done to the file behind an open store's back, and is seen before the next commit; and what is nobody's attack.
import assert from 'node:assert/strict';
import { rm, stat, truncate } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { contents, row } from '../store.contract.ts';
import { makeSqlitePlace } from './sqlite-place.fixture.ts';

const TRIGGER = 'CREATE TRIGGER t AFTER UPDATE ON rows BEGIN DELETE FROM rows WHERE id = new.id; END';

describe('a store whose schema is changed while it is in use', () => {
  for (const [what, sql] of [
    ['a trigger', TRIGGER],
    ['a trigger that is called almost as what SQLite keeps', TRIGGER.replace('TRIGGER t', 'TRIGGER sqlitexstat1')],
    ['a view', 'CREATE VIEW v AS SELECT * FROM rows'],
    ['a table', 'CREATE TABLE t (a)'],
    ['an index', 'CREATE UNIQUE INDEX i ON rows (value)'],
    ['a missing index', 'DROP INDEX rows_by_revision'],
    ['another column', 'ALTER TABLE rows ADD COLUMN more BLOB'],
    ['a view in place of the table', 'ALTER TABLE rows RENAME TO other; CREATE VIEW rows AS SELECT * FROM other'],
  ] as const) {
    it(`commits nothing with ${what}, and reads nothing`, async () => {
      await using place = await makeSqlitePlace();
      await using store = await place.open();
      await store.commit([], [row(1, 1, 'one')]);
      using other = new DatabaseSync(place.file);
      other.exec(sql);
      const refusal = { code: 'Refused', message: /tampered with: store\.db has other tables, indexes, triggers or/ };
      await assert.rejects(store.commit([], [row(1, 2, 'two')]), refusal);
      assert.equal(store.changed(), true);
      await assert.rejects(store.changesSince(0), refusal);
      await assert.rejects(place.open(), { code: 'Damaged' });
    });
  }

  it('sees a trigger whose maker put the number of the schema back', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    await store.commit([], [row(1, 1, 'one')]);
    using other = new DatabaseSync(place.file);
    const version = Number(other.prepare('PRAGMA schema_version').get()?.['schema_version']);
    other.exec(`${TRIGGER}; PRAGMA schema_version = ${version}`);
    await assert.rejects(store.commit([], [row(1, 2, 'two')]), { code: 'Refused' });
  });
});

describe('a store whose file is cut short while it is in use', () => {
  for (const written of ['all of it in the log', 'all of it in the file', 'a part in each'] as const) {
    for (const [name, part, size] of [
      ['the file, to nothing', '', () => 0],
      ['the file, by a page', '', (now: number) => now - 4096],
      ['the file, by a byte', '', (now: number) => now - 1],
      ['the log, to nothing', '-wal', () => 0],
      ['the log, by a byte', '-wal', (now: number) => now - 1],
    ] as const) {
      it(`commits nothing after ${name}, with ${written}`, async () => {
        await using place = await makeSqlitePlace();
        await using store = await place.open();
        using other = new DatabaseSync(place.file);
        for (let n = 1; n <= 20; n++) await store.commit([], [row(n, n, 'x'.repeat(2000))]);
        if (written !== 'all of it in the log') other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        if (written === 'a part in each') await store.commit([], [row(21, 21, 'y')]);
        const { size: now } = await stat(place.file + part);
        if (now === 0) return;
        await truncate(place.file + part, size(now));
        const refusal = { code: 'Refused', message: /was cut short while it was in use/ };
        await assert.rejects(store.commit([], [row(1, 22, 'two')]), refusal);
        await assert.rejects(store.changesSince(0), refusal);
      });
    }
  }

  for (const part of ['-wal', '-shm']) {
    it(`is not used any more once store.db${part} is gone`, async () => {
      await using place = await makeSqlitePlace();
      await using store = await place.open();
      await store.commit([], [row(1, 1, 'one')]);
      await rm(place.file + part);
      await assert.rejects(store.commit([], [row(1, 2, 'two')]), { code: 'Damaged', message: /replaced or removed/ });
    });
  }
});

describe('a store that others work on in good faith', () => {
  for (const [what, sql] of [
    ['the log being written into the file', 'PRAGMA wal_checkpoint(TRUNCATE)'],
    ['being made compact', 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'],
    ['being made compact, in the log so far', 'VACUUM'],
    ['being analysed', 'ANALYZE'],
  ] as const) {
    it(`outlives ${what}`, async () => {
      await using place = await makeSqlitePlace();
      await using store = await place.open();
      for (let n = 1; n <= 50; n++) await store.commit([], [row(n, n, 'x'.repeat(3000))]);
      for (let n = 1; n < 50; n++) await store.commit([], [row(n, n + 50, null)]);
      using other = new DatabaseSync(place.file);
      other.exec(sql);
      for (let n = 1; n <= 3; n++) assert.equal(await store.commit([], [row(100, 100 + n, 'more')]), 'committed');
      other.exec(sql);
      assert.equal(await store.commit([], [row(101, 200, 'most')]), 'committed');
      assert.equal((await contents(store)).length, 3);
    });
  }
});
