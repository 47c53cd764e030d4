import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { copyFile, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { type Row, type Store, StoreError } from '../port.ts';
import { contents, key, row, storeContract } from '../store.contract.ts';
import { toStoreError } from './sqlite-error.ts';
import { makeSqlitePlace } from './sqlite-place.fixture.ts';
import { openSqliteStore } from './sqlite-store.ts';

storeContract('sqlite', makeSqlitePlace);

describe('the file of the sqlite store', () => {
  it('is readable by its user only and syncs its log at every commit', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    await store.commit([], [row(1, 1, 'one')]);
    assert.equal((await stat(place.folder)).mode & 0o777, 0o700);
    for (const suffix of ['', '-wal', '-shm']) {
      assert.equal((await stat(place.file + suffix)).mode & 0o777, 0o600, suffix);
    }
    using other = new DatabaseSync(place.file);
    assert.equal(other.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  });

  it('is refused when it is not a database, another program’s, of a newer version, or has spare tables', async () => {
    await using place = await makeSqlitePlace();
    await (await place.open())[Symbol.asyncDispose]();
    const good = await readFile(place.file);
    const refusedWith = async (reason: RegExp) =>
      assert.rejects(place.open(), (error: Error) => {
        assert.equal((error as { code?: string }).code, 'Damaged');
        assert.match(error.message, reason);
        return true;
      });
    const withStatement = async (sql: string) => {
      await writeFile(place.file, good);
      using db = new DatabaseSync(place.file);
      db.exec(sql);
    };
    await writeFile(place.file, Buffer.alloc(8192, 'not a database '));
    await refusedWith(/not a database/);
    await withStatement('PRAGMA application_id = 77');
    await refusedWith(/another program/);
    await withStatement('PRAGMA user_version = 99');
    await refusedWith(/newer version .*99/);
    await withStatement('CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows; END');
    await refusedWith(/tables it should have/);
    await withStatement('DROP INDEX rows_by_revision');
    await refusedWith(/tables it should have/);
  });

  it('is not used any more once another file took its name', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    await store.commit([], [row(1, 1, 'one')]);
    await copyFile(place.file, `${place.file}.copy`);
    await rename(`${place.file}.copy`, place.file);
    await assert.rejects(store.commit([], [row(1, 2, 'two')]), { code: 'Damaged', message: /replaced/ });
    await assert.rejects(store.changesSince(0), { code: 'Damaged', message: /replaced/ });
  });

  it('waits for another process’s lock without standing still, and says so when it takes too long', async () => {
    await using place = await makeSqlitePlace();
    await using store = await openSqliteStore({ folder: place.folder, patienceMs: 60_000 });
    await using hasty = await openSqliteStore({ folder: place.folder, patienceMs: 0 });
    using other = new DatabaseSync(place.file);
    other.exec('BEGIN IMMEDIATE');
    await assert.rejects(hasty.commit([], [row(1, 1, 'x')]), { code: 'Unavailable', message: /locked/ });
    const waiting = store.commit([], [row(1, 1, 'one')]);
    other.exec('ROLLBACK');
    assert.equal(await waiting, 'committed');
  });

  it('calls a full disk unavailable', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    await store.commit([], [row(1, 1, 'one')]);
    using limited = new DatabaseSync(place.file);
    limited.exec('PRAGMA max_page_count = 1');
    const insert = limited.prepare('INSERT INTO rows (key, revision, value) VALUES (?, 2, ?)');
    assert.throws(
      () => insert.run(key(2), Buffer.alloc(50_000)),
      (error) => {
        const translated = toStoreError(error);
        assert.ok(translated instanceof StoreError);
        assert.equal(translated.code, 'Unavailable');
        assert.match(translated.message, /disk is full/);
        assert.equal(translated.cause, error);
        return true;
      },
    );
  });

  it('forgets deletions after the promised number of revisions, so that they do not pile up', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    await store.commit([], [row(1, 1, 'a'), row(2, 1, 'b'), row(3, 1, 'c')]);
    await store.commit([], [row(1, 2, null)]);
    await store.commit([], [row(2, 10_003, null)]);
    assert.equal(await store.read(key(1)), undefined);
    assert.equal((await store.read(key(2)))?.value, null);
    assert.notEqual((await store.read(key(3)))?.value, null);
  });

  it('overwrites deleted values in the file', async () => {
    await using place = await makeSqlitePlace();
    const marker = 'sealed bytes that must go away '.repeat(300);
    {
      await using store = await place.open();
      await store.commit([], [row(1, 1, marker)]);
    }
    assert.ok((await readFile(place.file)).includes(marker.slice(0, 500)));
    {
      await using store = await place.open();
      await store.commit([], [row(1, 2, null)]);
    }
    assert.ok(!(await readFile(place.file)).includes('must go away'));
  });

  it('gathers 4,000 pages in its log before they are written into the file, and the log grows no more after that', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    using other = new DatabaseSync(place.file, { readOnly: true });
    const pages = (): { log: unknown; checkpointed: unknown } =>
      other.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: unknown; checkpointed: unknown };
    // Pages that stay as they are would not be written.
    const write = (revision: number) => store.commit([], [row(1, revision, String(revision % 10).repeat(1024 * 1024))]);
    for (let revision = 1; revision <= 12; revision += 1) await write(revision);
    assert.ok(Number(pages().log) > 3_000, `${String(pages().log)} pages`);
    assert.equal(pages().checkpointed, 0);
    for (let revision = 13; revision <= 60; revision += 1) await write(revision);
    assert.ok((await stat(`${place.file}-wal`)).size < 18 * 1024 * 1024);
    assert.equal((await contents(store)).length, 1);
  });

  it('opens in several threads at the same first moment', async () => {
    await using place = await makeSqlitePlace();
    const module = new URL('./sqlite-store.ts', import.meta.url).href;
    const code = `
      const { openSqliteStore } = await import(${JSON.stringify(module)});
      const { workerData } = await import('node:worker_threads');
      await using store = await openSqliteStore({ folder: workerData.folder });
      const key = Buffer.alloc(32, workerData.number);
      await store.commit([{ key, revision: 0 }], [{ key, revision: 1, value: key }]);`;
    await Promise.all(
      [1, 2, 3].map(async (number) => {
        const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
        const worker = new Worker(url, { workerData: { folder: place.folder, number } });
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        worker.on('error', reject);
        worker.on('exit', () => resolve());
        await promise;
      }),
    );
    await using store = await place.open();
    assert.equal((await contents(store)).length, 3);
  });
});

describe('a torn sqlite store', () => {
  it('shows a prefix of the commits, or is refused as damaged, wherever its log was cut or a byte flipped', async () => {
    await using place = await makeSqlitePlace();
    await using origin = await place.open();
    for (let n = 1; n <= 12; n++) await origin.commit([], [row(n, n, `value ${n}`), row(100, n, `head ${n}`)]);
    const db = await readFile(place.file);
    const wal = await readFile(`${place.file}-wal`);
    assert.ok(wal.length > 12 * 4096);

    const openedWith = async (change: (file: string) => Promise<void>): Promise<void> => {
      await using torn = await makeSqlitePlace();
      await writeFile(torn.file, db);
      await writeFile(`${torn.file}-wal`, wal);
      await change(torn.file);
      try {
        await using store = await torn.open();
        const found = await contents(store);
        const commits = found.length === 0 ? 0 : found.length - 1;
        const expected: Row[] = Array.from({ length: commits }, (_, i) => row(i + 1, i + 1, `value ${i + 1}`));
        if (commits > 0) expected.push(row(100, commits, `head ${commits}`));
        assert.deepEqual(
          found,
          expected.map((each) => [
            Buffer.from(each.key).toString('hex'),
            each.revision,
            Buffer.from(each.value ?? []).toString(),
          ]),
        );
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'Damaged', String(error));
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(wal.length - 1), fc.boolean(), async (at, cut) => {
        await openedWith(async (file) => {
          if (cut) return truncate(`${file}-wal`, at);
          const flipped = Buffer.from(wal);
          flipped.writeUInt8(flipped.readUInt8(at) ^ 0x40, at);
          await writeFile(`${file}-wal`, flipped);
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe('the sqlite store against a model', () => {
  it('behaves like a map with revisions for all sequences of commands on two handles', async () => {
    const number = fc.nat(4);
    const command = fc.oneof(
      fc.record({
        kind: fc.constant('commit' as const),
        handle: fc.nat(1),
        number,
        guard: fc.nat(2),
        delete: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('look' as const), handle: fc.nat(1) }),
      fc.record({ kind: fc.constant('reopen' as const), handle: fc.nat(1) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
        await using place = await makeSqlitePlace();
        const handles: Store[] = [await place.open(), await place.open()];
        const model = new Map<number, { revision: number; value: string | null }>();
        const lastSeen = [0, 0];
        let revision = 0;
        for (const each of commands) {
          const handle = handles[each.handle] as Store;
          if (each.kind === 'reopen') {
            await handle[Symbol.asyncDispose]();
            handles[each.handle] = await place.open();
          } else if (each.kind === 'look') {
            const since = lastSeen[each.handle] ?? 0;
            const expected = [...model]
              .filter(([, held]) => held.revision > since)
              .map(([n, held]) => [n, held.revision, held.value]);
            const found = (await handle.changesSince(since)).map((r) => [
              Buffer.from(r.key).readUInt32BE(),
              r.revision,
              r.value === null ? null : Buffer.from(r.value).toString(),
            ]);
            assert.deepEqual(
              found,
              expected.toSorted((a, b) => Number(a[1]) - Number(b[1])),
            );
            assert.equal(handle.changed(), false);
            lastSeen[each.handle] = revision;
          } else {
            const held = model.get(each.number);
            const actual = held === undefined || held.value === null ? 0 : held.revision;
            const guard = Math.max(0, actual - each.guard);
            const value = each.delete ? null : `v${revision + 1}`;
            const outcome = await handle.commit(
              [{ key: key(each.number), revision: guard }],
              [row(each.number, revision + 1, value)],
            );
            assert.equal(outcome, guard === actual ? 'committed' : 'conflict');
            if (outcome === 'conflict') continue;
            revision += 1;
            model.set(each.number, { revision, value });
            const other = handles[1 - each.handle] as Store;
            assert.equal(other.changed(), true);
          }
        }
        for (const handle of handles) await handle[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });
});
